// src/use-decision.js
import { onMounted, onUnmounted, shallowRef } from 'vue';

import { firstglance } from './firstglance.js';

/** What the visitor sees in a slot; `null` until it is known, and on a server. */
export function useDecision(slot) {
  const decision = shallowRef(null);
  let stop;
  onMounted(() => {
    stop = firstglance.decide(slot, (next) => {
      decision.value = next;
    });
  });
  onUnmounted(() => stop());
  return decision;
}
