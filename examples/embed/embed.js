// Hands host and token to every element of the page. Keeps the token in memory only.
const form = document.querySelector('form');
const elements = document.querySelectorAll('pf-capture-control, pf-latency-chart');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { host, token } = Object.fromEntries(new FormData(form));
  for (const element of elements) {
    element.setAttribute('host', host);
    element.setAttribute('token', token);
  }
});
