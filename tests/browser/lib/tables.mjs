/*
 * The tables and figures of a page of the console, as programs read them.
 */

/** The rows of a table: for each cell its plain value. */
export const rows = (page, id) => page.evaluate((name) => {
  const table = document.querySelector(`table[data-table="${name}"]`);
  return table ? [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.dataset.value)) : [];
}, id);

/** The plain value of a figure. */
export const figure = (page, id) => page.evaluate((name) => document.querySelector(`#figure-${name} .figure-value`)?.dataset.value, id);

/** The same table as the page answers it as CSV: its lines, the names of the columns first. */
export async function csv(viewer, path) {
  const answer = await viewer.page.request.get(viewer.at(path));
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()}`);
  return (await answer.text()).trim().split(/\r?\n/);
}
