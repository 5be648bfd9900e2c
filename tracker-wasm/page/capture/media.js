/*
 * Video and audio: how far they were played, in quarters. Never one that only decorates the page.
 */
import { clip, find } from '../declared.js';
import { track } from '../events.js';
import { on } from '../options.js';

/** Percent between two reports. */
const STEP = 25;

/** For each element what it plays, and the last quarter that was reported. */
const reached = new WeakMap();

export function played(event) {
  const media = find(event, 'video,audio');
  if (!media || !on('media', 1) || (media.muted && media.loop)) return;
  const { currentSrc, currentTime, duration } = media;
  const [source, before] = reached.get(media) || [];
  const percent = Math.floor(currentTime / duration * (100 / STEP)) * STEP;
  // What is streamed without end has no parts.
  if (!(percent > (source == currentSrc ? before : 0)) || duration == Infinity) return;
  reached.set(media, [currentSrc, percent]);
  track(media.localName == 'video' ? 'Video Progressed' : 'Audio Progressed', {
    percent,
    title: clip(media.title || media.getAttribute('aria-label')),
    seconds: Math.round(duration),
    src: clip(currentSrc.split(/[?#]/)[0].replace(/^\w+:\/\//, '')),
  });
}
