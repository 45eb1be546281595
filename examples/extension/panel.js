// The dashboard, asking the host of the options. Host and token go into an object and never into the document.
import { HttpStatsApi, PfDashboard } from './punktfunk.js';

const unset = document.querySelector('#unset');
document.documentElement.lang = chrome.i18n.getUILanguage();
document
  .querySelector('#options')
  .addEventListener('click', () => chrome.runtime.openOptionsPage());

const page = new PfDashboard();
// The dashboard asks for a token when the host does not accept the one it has.
page.addEventListener('pf-token', ({ token }) => chrome.storage.local.set({ token }));
chrome.storage.local.onChanged.addListener(show);
await show();

async function show() {
  const { host, token = '' } = await chrome.storage.local.get(['host', 'token']);
  unset.hidden = host !== undefined;
  if (host === undefined) {
    page.remove();
    return;
  }
  page.api = new HttpStatsApi({ host, token });
  document.body.append(page);
}
