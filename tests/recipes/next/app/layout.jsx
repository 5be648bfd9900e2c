import { connection } from 'next/server';

import { Frame } from '../parts/frame.jsx';

export const metadata = { title: 'Home' };

export default async function Layout({ children }) {
  // A nonce is for one answer, so no page is made beforehand.
  await connection();
  return (
    <html lang="en" suppressHydrationWarning>
      <body>
        <template data-fg-slot="hero" data-fg-when="e-bikes" dangerouslySetInnerHTML={{ __html: 'E-bikes for you' }} />
        <Frame>{children}</Frame>
      </body>
    </html>
  );
}
