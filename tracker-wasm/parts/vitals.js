/*
 * Core Web Vitals, where the site's owner wants them: measured and rated by Google's own library,
 * each told once it is final. Never anything that the library adds beside value and rating.
 */
import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';

import * as kit from './kit.js';

/** Shifts are told in fractions, times in milliseconds. */
const report = ({ name, value, rating }) =>
  kit.run(() => kit.track('Web Vital Measured', { name, value: Math.round(value * 1e3) / 1e3, rating }));

for (const measure of [onCLS, onFCP, onINP, onLCP, onTTFB]) measure(report);
