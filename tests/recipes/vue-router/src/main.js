import { createApp, ref, watchEffect } from 'vue';
import { createRouter, createWebHistory, RouterLink, RouterView } from 'vue-router';

import { firstglance } from './firstglance.js';
import { useDecision } from './use-decision.js';
import { useVisitor } from './use-visitor.js';

const Layout = {
  components: { RouterLink, RouterView },
  setup: () => ({ count: ref(0), visitor: useVisitor(), decision: useDecision('hero'), choose: () => firstglance.track('Called', { from: 'choose' }) }),
  template: `
    <nav>
      <RouterLink to="/">Home</RouterLink> <RouterLink to="/e-bikes">E-bikes</RouterLink>
      <RouterLink to="/e-bikes?sort=price">By price</RouterLink> <RouterLink to="/e-bikes/polder">Polder</RouterLink>
      <RouterLink to="#reviews">Reviews</RouterLink> <RouterLink to="/old">Old address</RouterLink>
      <RouterLink to="/contact">Contact</RouterLink>
    </nav>
    <RouterView />
    <div id="offer" data-fg-show="e-bikes" hidden>Book a test ride</div>
    <section data-fg-slot="hero" v-once>Bikes for everybody</section>
    <section id="decided" data-fg-viewed="hero">{{ decision?.variant === 'e-bikes' ? 'Ride an e-bike' : 'Ride a bike' }}</section>
    <button id="again" @click="count += 1">Rendered {{ count }} times</button>
    <p id="segments">{{ visitor?.segments.join(' ') || 'Nothing known' }}</p>
    <button data-fg-track="Plan Chosen" data-fg-prop-plan="Basis" @click="choose">Choose</button>`,
};

const page = (title) => ({
  props: { sort: String },
  setup: (props) => {
    const shown = ref(title);
    watchEffect(() => {
      shown.value = document.title = props.sort ? title + ' by ' + props.sort : title;
    });
    return { shown };
  },
  template: '<main><h1>{{ shown }}</h1></main>',
});

/** A server's answer takes its time. */
const wait = () => new Promise((resolve) => setTimeout(resolve, 100));

const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved || { top: 0 },
  routes: [
    { path: '/', component: page('Home') },
    { path: '/e-bikes', component: page('E-bikes'), props: ({ query }) => ({ sort: query.sort }) },
    { path: '/e-bikes/polder', component: page('Polder'), beforeEnter: wait },
    { path: '/old', redirect: '/e-bikes' },
    { path: '/contact', component: () => import('./contact.js') },
  ],
});

createApp(Layout).use(router).mount('#app');
