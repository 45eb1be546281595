// Gives both elements one way to ask the host. The token stays in this module: it never stands in the document, where any
// other script of a page could read it, and is gone with the tab.
import { HttpStatsApi } from './punktfunk.js';

const form = document.querySelector('form');
const elements = document.querySelectorAll('pf-capture-control, pf-latency-chart');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { host, token } = Object.fromEntries(new FormData(form));
  const api = new HttpStatsApi({ host, token });
  for (const element of elements) element.api = api;
  form.elements.token.value = '';
});
