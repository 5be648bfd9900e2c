/*
 * What happens when a session ends while a page is open: a dialog asks for the token again, and the
 * page stays as it was. Never keeps a token.
 */

/** Has every form and every later request carry the secret of the present session. */
function renew(secret) {
  document.body.setAttribute('hx-headers', JSON.stringify({ 'X-CSRF-Token': secret }));
  for (const field of document.querySelectorAll('input[name=csrf]')) field.value = secret;
}

/** Whether the session holds, and its secret. */
async function present() {
  const answer = await fetch('/console/-/session', { credentials: 'same-origin' });
  return answer.ok ? answer.headers.get('x-csrf-token') : null;
}

async function signIn(form, dialog) {
  const mistake = form.querySelector('.mistake');
  mistake.hidden = true;
  const answer = await fetch(form.action, {
    method: 'POST',
    body: new URLSearchParams(new FormData(form)),
    redirect: 'manual',
  });
  // A redirect means that it went well; what it leads to is not wanted.
  const secret = answer.type === 'opaqueredirect' ? await present() : null;
  if (!secret) {
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    mistake.textContent = page.querySelector('.mistake')?.textContent ?? '';
    mistake.hidden = false;
    return;
  }
  form.reset();
  renew(secret);
  dialog.close();
}

export function signedOut() {
  // Browsers send no strict cookie with a link from elsewhere: from here they do.
  const alone = document.querySelector('form[data-sign-in]');
  if (alone) {
    const back = alone.querySelector('input[name=return]').value;
    const kept = alone.querySelector('input[name^="kept:"]');
    if (!kept && !alone.querySelector('.mistake')) {
      present().then((secret) => secret && location.replace(back), () => {});
    }
    return;
  }
  const dialog = document.getElementById('signed-out');
  if (!dialog) return;
  const form = dialog.querySelector('form');
  const show = () => dialog.open || dialog.showModal();
  document.addEventListener('htmx:responseError', (event) => {
    if (event.detail.xhr.status === 401) show();
  });
  // A plain form is sent once the session is known to hold: else what was typed would leave the page.
  document.addEventListener('submit', (event) => {
    const sent = event.target;
    if (sent === form || sent.method !== 'post' || event.defaultPrevented || sent.hasAttribute('hx-post')) return;
    event.preventDefault();
    const by = event.submitter;
    present().then(
      (secret) => {
        if (!secret) return show();
        renew(secret);
        const field = document.createElement('input');
        if (by?.name) {
          Object.assign(field, { type: 'hidden', name: by.name, value: by.value });
          sent.append(field);
        }
        const action = sent.getAttribute('action');
        if (by?.hasAttribute('formaction')) sent.action = by.formAction;
        sent.submit();
        // Where the answer is a file, the page stays, and its other buttons send it elsewhere.
        sent.setAttribute('action', action);
        field.remove();
      },
      () => sent.submit(),
    );
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    signIn(form, dialog);
  });
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
}
