import { memo } from 'react';

/** React leaves alone what is in it: a variant may take its place. */
export const Slot = memo(function Slot({ name, html }) {
  return <section data-fg-slot={name} dangerouslySetInnerHTML={{ __html: html }} suppressHydrationWarning />;
});
