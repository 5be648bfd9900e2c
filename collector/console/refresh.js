/*
 * Parts that bring themselves up to date: not while somebody reads a tip in them, has the keyboard in them,
 * or looks at another tab; and whoever wants them to stand still stops them, for as long as the tab is open.
 */
const STOPPED = 'fg-console-stopped';

const isStopped = () => sessionStorage.getItem(STOPPED) === 'yes';

function show(button) {
  button.hidden = false;
  button.setAttribute('aria-pressed', String(isStopped()));
}

/** Makes the buttons work that stop such parts. */
export function refresh() {
  for (const button of document.querySelectorAll('button[data-stop]')) {
    show(button);
    button.addEventListener('click', () => {
      sessionStorage.setItem(STOPPED, isStopped() ? 'no' : 'yes');
      show(button);
    });
  }
  document.addEventListener('htmx:beforeRequest', (event) => {
    const part = event.target.closest?.('[data-refresh]');
    if (part && (isStopped() || document.hidden || part.contains(document.activeElement) || part.querySelector(':popover-open'))) {
      event.preventDefault();
    }
  });
}
