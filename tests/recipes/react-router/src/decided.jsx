import { useDecision } from './use-decision.js';

/** React renders it itself, and Firstglance only counts that it was seen. */
export function Decided() {
  const decision = useDecision('hero');
  const isFor = (variant) => decision?.kind === 'variant' && decision.variant === variant;
  return <section id="decided" data-fg-viewed="hero">{isFor('e-bikes') ? 'Ride an e-bike' : 'Ride a bike'}</section>;
}
