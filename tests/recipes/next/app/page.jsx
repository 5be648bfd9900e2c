export const metadata = { title: 'Home' };

export default function Page() {
  return <main><h1>Home</h1></main>;
}
