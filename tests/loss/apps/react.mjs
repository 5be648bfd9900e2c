/* A minimal app with React Router; `window.app` drives it. */
import { createElement, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, redirect, RouterProvider, useLocation } from 'react-router';

let target;
const Page = () => {
  const { pathname } = useLocation();
  useEffect(() => { document.title = pathname; });
  return createElement('h1', null, pathname);
};
const router = createBrowserRouter([
  { path: '/shop/app/guarded', loader: () => redirect(target), Component: Page },
  { path: '*', Component: Page },
]);
createRoot(document.getElementById('app')).render(createElement(RouterProvider, { router }));

window.app = {
  push: (path) => router.navigate(path),
  replace: (path) => router.navigate(path, { replace: true }),
  redirect: (path, onward) => {
    target = onward;
    return router.navigate(path);
  },
  back: () => router.navigate(-1),
  forward: () => router.navigate(1),
};
