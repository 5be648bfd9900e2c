'use client';

import Link from 'next/link';
import { useState } from 'react';

import { firstglance } from '../firstglance.js';
import { Slot } from './slot.jsx';
import { useVisitor } from './use-visitor.js';

export function Frame({ children }) {
  const [count, setCount] = useState(0);
  const visitor = useVisitor();
  return (
    <>
      <nav>
        <Link href="/">Home</Link> <Link href="/e-bikes">E-bikes</Link> <Link href="/e-bikes?sort=price">By price</Link>{' '}
        <Link href="/e-bikes/polder">Polder</Link> <Link href="#reviews">Reviews</Link> <Link href="/old">Old address</Link>{' '}
        <Link href="/contact">Contact</Link>
      </nav>
      {children}
      <div id="offer" data-fg-show="e-bikes" hidden suppressHydrationWarning>Book a test ride</div>
      <Slot name="hero" html="Bikes for everybody" />
      <button id="again" onClick={() => setCount(count + 1)}>Rendered {count} times</button>
      <p id="segments">{visitor?.segments.join(' ') || 'Nothing known'}</p>
      <button data-fg-track="Plan Chosen" data-fg-prop-plan="Basis" onClick={() => firstglance.track('Called', { from: 'choose' })}>
        Choose
      </button>
    </>
  );
}
