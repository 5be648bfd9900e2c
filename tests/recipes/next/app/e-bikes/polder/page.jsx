export const metadata = { title: 'Polder' };

export default async function Page() {
  // A database's answer takes its time.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return <main><h1>Polder</h1></main>;
}
