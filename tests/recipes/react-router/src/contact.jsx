export function Contact() {
  return (
    <main>
      <title>Contact</title>
      <h1>Contact</h1>
      <p id="late" data-fg-show="e-bikes" hidden>Ask about e-bikes</p>
    </main>
  );
}
