// src/use-decision.js
import { useEffect, useState } from 'react';

import { firstglance } from './firstglance.js';

/** What the visitor sees in a slot; `null` until it is known, and on a server. */
export function useDecision(slot) {
  const [decision, setDecision] = useState(null);
  useEffect(() => firstglance.decide(slot, setDecision), [slot]);
  return decision;
}
