/* A minimal app with Vue Router; `window.app` drives it. */
import { createApp, h } from 'vue';
import { createRouter, createWebHistory, RouterView, useRoute } from 'vue-router';

let target;
const Page = { setup: () => { const route = useRoute(); return () => h('h1', route.path); } };
const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/shop/app/guarded', redirect: () => target },
    { path: '/:path(.*)*', component: Page },
  ],
});
router.afterEach((to) => { document.title = to.path; });
createApp({ render: () => h(RouterView) }).use(router).mount('#app');

window.app = {
  push: (path) => { router.push(path); },
  replace: (path) => { router.replace(path); },
  redirect: (path, onward) => {
    target = onward;
    router.push(path);
  },
  back: () => { router.back(); },
  forward: () => { router.forward(); },
};
