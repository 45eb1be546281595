// Host and token, kept in the extension's own storage. A token that is kept is not shown again.
const form = document.querySelector('form');
const said = document.querySelector('output');
document.querySelector('#allow').textContent = `PUNKTFUNK_API_ORIGINS=${location.origin}`;

const kept = await chrome.storage.local.get(['host', 'token']);
form.elements.host.value = kept.host ?? 'http://127.0.0.1:47990';
if (kept.token !== undefined) {
  form.elements.token.required = false;
  form.elements.token.placeholder = 'kept';
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { host, token } = Object.fromEntries(new FormData(form));
  await chrome.storage.local.set({
    host: new URL(host).origin,
    ...(token === '' ? {} : { token }),
  });
  form.elements.token.value = '';
  form.elements.token.placeholder = 'kept';
  said.value = 'Saved.';
});
