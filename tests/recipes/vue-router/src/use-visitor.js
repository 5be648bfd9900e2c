import { onMounted, onUnmounted, shallowRef } from 'vue';

import { firstglance } from './firstglance.js';

/** What Firstglance knows of the visitor; `null` until it is there. */
export function useVisitor() {
  const visitor = shallowRef(null);
  let stop;
  onMounted(() => {
    stop = firstglance.onSegments((state) => {
      visitor.value = state;
    });
  });
  onUnmounted(() => stop());
  return visitor;
}
