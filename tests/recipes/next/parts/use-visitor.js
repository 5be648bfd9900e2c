'use client';

import { useEffect, useState } from 'react';

import { firstglance } from '../firstglance.js';

/** What Firstglance knows of the visitor; `null` until it is there. */
export function useVisitor() {
  const [visitor, setVisitor] = useState(null);
  useEffect(() => firstglance.onSegments(setVisitor), []);
  return visitor;
}
