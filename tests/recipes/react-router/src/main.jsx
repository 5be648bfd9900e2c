import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Link, Outlet, redirect, ScrollRestoration, useSearchParams } from 'react-router';
import { RouterProvider } from 'react-router/dom';

import { Decided } from './decided.jsx';
import { firstglance } from './firstglance.js';
import { Slot } from './slot.jsx';
import { useVisitor } from './use-visitor.js';

function Layout() {
  const [count, setCount] = useState(0);
  const visitor = useVisitor();
  return (
    <>
      <nav>
        <Link to="/">Home</Link> <Link to="/e-bikes">E-bikes</Link> <Link to="/e-bikes?sort=price">By price</Link>{' '}
        <Link to="/e-bikes/polder">Polder</Link> <Link to="#reviews">Reviews</Link> <Link to="/old">Old address</Link>{' '}
        <Link to="/contact">Contact</Link>
      </nav>
      <Outlet />
      <div id="offer" data-fg-show="e-bikes" hidden>Book a test ride</div>
      <Slot name="hero" html="Bikes for everybody" />
      <Decided />
      <button id="again" onClick={() => setCount(count + 1)}>Rendered {count} times</button>
      <p id="segments">{visitor?.segments.join(' ') || 'Nothing known'}</p>
      <button data-fg-track="Plan Chosen" data-fg-prop-plan="Basis" onClick={() => firstglance.track('Called', { from: 'choose' })}>
        Choose
      </button>
      <ScrollRestoration />
    </>
  );
}

function Page({ title }) {
  return (
    <main>
      <title>{title}</title>
      <h1>{title}</h1>
    </main>
  );
}

function Bikes() {
  const [search] = useSearchParams();
  return <Page title={search.get('sort') ? 'E-bikes by price' : 'E-bikes'} />;
}

/** A server's answer takes its time. */
const wait = () => new Promise((resolve) => setTimeout(() => resolve(null), 100));

const router = createBrowserRouter([
  {
    path: '/',
    Component: Layout,
    HydrateFallback: () => null,
    children: [
      { index: true, element: <Page title="Home" /> },
      { path: 'e-bikes', Component: Bikes },
      { path: 'e-bikes/polder', loader: wait, element: <Page title="Polder" /> },
      { path: 'old', loader: () => redirect('/e-bikes') },
      { path: 'contact', lazy: async () => ({ Component: (await import('./contact.jsx')).Contact }) },
    ],
  },
]);

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>,
);
