export const metadata = { title: 'Contact' };

export default function Page() {
  return (
    <main>
      <h1>Contact</h1>
      <p id="late" data-fg-show="e-bikes" hidden suppressHydrationWarning>Ask about e-bikes</p>
    </main>
  );
}
