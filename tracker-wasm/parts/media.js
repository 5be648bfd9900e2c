/*
 * Video and audio: how far they were played, in quarters. Never one that only decorates the page.
 */
import * as kit from './kit.js';

/** Percent between two reports. */
const STEP = 25;

/** For each element what it plays, and the last quarter that was reported. */
const reached = new WeakMap();

function played(media) {
  if (!media || (media.muted && media.loop)) return;
  const { currentSrc, currentTime, duration } = media;
  const [source, before] = reached.get(media) || [];
  const percent = Math.floor(currentTime / duration * (100 / STEP)) * STEP;
  // What is streamed without end has no parts.
  if (!(percent > (source == currentSrc ? before : 0)) || duration == Infinity) return;
  reached.set(media, [currentSrc, percent]);
  kit.track(media.localName == 'video' ? 'Video Progressed' : 'Audio Progressed', {
    percent,
    title: kit.clip(media.title || media.getAttribute('aria-label')),
    seconds: Math.round(duration),
    src: kit.clip(currentSrc.split(/[?#]/)[0].replace(/^\w+:\/\//, '')),
  });
}

for (const name of ['timeupdate', 'ended']) {
  addEventListener(name, (event) => kit.run(() => played(kit.find(event, 'video,audio'))), { capture: true, passive: true });
}
// What was played until this part was there.
for (const media of document.querySelectorAll('video,audio')) kit.run(played, media);
