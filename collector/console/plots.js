/*
 * Draws each chart from the table below it, by uPlot: small, kept, and fast with years of days. Colours
 * come from the style sheet, so that they follow the theme. A chart without this is its table.
 */
import uPlot from 'uplot';

import { within } from './within.js';

const SERIES = 6;
const HEIGHT = 240;
/** Room of a group of bars, of what there is from one to the next. */
const BARS = 0.7;
const WIDTH = 320;
/** How wide a letter of an axis is at most, as a rule. */
const LETTER = 7.5;

const style = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

/** A colour as the browser works it out, for a canvas does not know light-dark(). */
function colour(element, name) {
  const probe = document.createElement('span');
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  element.append(probe);
  const found = style(probe, 'color');
  probe.remove();
  return found;
}

/** The table of a chart: what runs from left to right, whether that is time, and the series. */
function read(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.firstChild?.textContent.trim() ?? '');
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells]);
  const first = rows.map(([cell]) => cell.dataset.value);
  const moments = first.map((text) => Date.parse(text) / 1000);
  const isTime = first.every((text, place) => /^\d{4}-\d\d-\d\d/.test(text) && Number.isFinite(moments[place]));
  const series = heads.slice(1).map((label, place) => ({
    label,
    values: rows.map((cells) => {
      const text = cells[place + 1]?.dataset.value;
      return text === '' || text === undefined ? null : Number(text);
    }),
    shown: rows.map((cells) => cells[place + 1]?.textContent.trim() ?? ''),
  }));
  const labels = rows.map(([cell]) => cell.textContent.trim());
  return { first: heads[0], isTime, x: isTime ? moments : first.map((_, place) => place), labels, series: series.filter(({ values }) => values.every((value) => value === null || Number.isFinite(value))) };
}

/** How the page's language writes numbers and dates: English as the pages have it, the day first. */
function locale() {
  const { lang } = document.documentElement;
  return lang === 'nl' ? lang : 'en-GB';
}

/** How moments so many seconds apart stand on the axis: as the page's language writes them. */
function moments(timeZone, between) {
  const parts = between < 86_400 ? { hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short' };
  const form = new Intl.DateTimeFormat(locale(), { ...parts, timeZone, hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', timeZone });
  return (seconds) => {
    const text = form.format(seconds * 1000);
    return text === '00:00' ? day.format(seconds * 1000) : text;
  };
}

/** A label that has its room on the axis. */
function shortened(label, width) {
  const most = Math.max(3, Math.floor(width / LETTER));
  const letters = [...label];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : label;
}

/** How bars are drawn: those of several series stand beside each other. */
function barsOf(x, step, count) {
  if (count === 1) return () => uPlot.paths.bars({ size: [BARS, 48] });
  const width = (step * BARS) / count;
  return (number) => uPlot.paths.bars({
    disp: {
      x0: { unit: 1, values: () => x.map((at) => at - (step * BARS) / 2 + number * width) },
      size: { unit: 1, values: () => x.map(() => width) },
    },
  });
}

function draw(figure) {
  const table = figure.querySelector('table');
  const place = figure.querySelector('.plot');
  if (!table || !place) return;
  const { first, isTime, x, labels, series } = read(table);
  const numbers = new Intl.NumberFormat(locale(), { maximumFractionDigits: 6 });
  if (!x.length || !series.length) return;
  const shape = figure.dataset.chart;
  const ink = colour(figure, '--ink-quiet');
  const line = colour(figure, '--line');
  const isBars = shape === 'bars';
  const step = x.length > 1 ? x[1] - x[0] : 1;
  const bars = isBars ? barsOf(x, step, series.length) : () => undefined;
  const bands = [];
  const lines = series.map(({ label, shown }, number) => {
    const isEnd = shape === 'bands' && number % 3 > 0;
    const group = shape === 'bands' ? Math.floor(number / 3) : number;
    const stroke = colour(figure, `--series-${(group % SERIES) + 1}`);
    if (isEnd && number % 3 === 2) bands.push({ series: [number + 1, number], fill: stroke.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.16)') });
    return {
      label,
      stroke,
      width: isEnd ? 0.75 : 2,
      dash: isEnd ? [3, 3] : undefined,
      fill: isBars ? stroke : undefined,
      paths: bars(number),
      points: { show: x.length < 3 },
      value: (_, __, ___, at) => (at === null ? '–' : shown[at]),
    };
  });
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: '12px system-ui, sans-serif' };
  const options = {
    width: place.clientWidth || WIDTH,
    height: HEIGHT,
    bands,
    cursor: { y: false },
    scales: { x: { time: isTime, range: isBars ? (_, low, high) => [low - step / 2, high + step / 2] : undefined }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.05 : 1] } },
    axes: [
      isTime ? { ...axis, space: 80, values: (_, splits, __, ___, between) => splits.map(moments(figure.dataset.zone, between)) } : { ...axis, values: (plot, splits) => splits.map((split) => (Number.isInteger(split) ? shortened(labels[split] ?? '', plot.width / splits.length) : '')), space: 70 },
      { ...axis, size: 56, values: (_, splits) => splits.map((split) => numbers.format(split)) },
    ],
    series: [{ label: first, value: (_, __, ___, at) => (at === null ? '–' : labels[at]) }, ...lines],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), figure.dataset.zone),
  };
  place.replaceChildren();
  const plot = new uPlot(options, [x, ...series.map(({ values }) => values)], place);
  const resize = new ResizeObserver(() => {
    if (!place.isConnected) return resize.disconnect();
    plot.setSize({ width: place.clientWidth || WIDTH, height: HEIGHT });
  });
  resize.observe(place);
}

export function plots(part) {
  for (const figure of within(part, 'figure[data-chart]')) if (!figure.querySelector('.uplot')) draw(figure);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const figure of document.querySelectorAll('figure[data-chart]')) draw(figure);
});
