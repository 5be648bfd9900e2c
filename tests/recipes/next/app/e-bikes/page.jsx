const titleOf = async (searchParams) => ((await searchParams).sort ? 'E-bikes by price' : 'E-bikes');

export async function generateMetadata({ searchParams }) {
  return { title: await titleOf(searchParams) };
}

export default async function Page({ searchParams }) {
  return <main><h1>{await titleOf(searchParams)}</h1></main>;
}
