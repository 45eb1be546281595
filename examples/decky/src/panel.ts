// The panel: which host, and what it shows of it. Plain DOM around two elements.
import { PfCaptureControl, PfLatencyChart } from '@punktfunk/components';
import { type BackEnd, throughBackEnd } from './back-end';

const ENGLISH = {
  host: 'Host',
  token: 'Token',
  fingerprint: 'Fingerprint',
  save: 'Save',
  another: 'Another host',
};
const GERMAN: typeof ENGLISH = {
  host: 'Host',
  token: 'Token',
  fingerprint: 'Fingerabdruck',
  save: 'Sichern',
  another: 'Anderer Host',
};
/** The elements speak the same language by themselves. */
const words = navigator.language.startsWith('de') ? GERMAN : ENGLISH;

export function makePanel(backEnd: BackEnd): HTMLElement {
  const panel = document.createElement('section');
  panel.lang = navigator.language;
  panel.style.cssText = 'display: grid; gap: 8px; justify-items: stretch';
  const api = throughBackEnd(backEnd);
  const control = Object.assign(new PfCaptureControl(), { api, theme: 'dark' });
  const chart = Object.assign(new PfLatencyChart(), { api, theme: 'dark' });
  const change = button(words.another);
  const problem = document.createElement('p');
  problem.setAttribute('role', 'status');
  const form = makeForm(async (host, token, fingerprint) => {
    problem.textContent = await backEnd.configure(host, token, fingerprint);
    if (problem.textContent === '') show();
  });
  const show = (): void => panel.replaceChildren(control, chart, change);
  const ask = (): void => panel.replaceChildren(form, problem);
  change.addEventListener('click', ask);
  void backEnd.configured().then((host) => (host === '' ? ask() : show()));
  return panel;
}

function makeForm(
  done: (host: string, token: string, fingerprint: string) => Promise<void>,
): HTMLFormElement {
  const form = document.createElement('form');
  const host = field(words.host, {
    type: 'url',
    required: true,
    placeholder: 'https://tv.local:47990',
  });
  const token = field(words.token, { type: 'password', required: true, autocomplete: 'off' });
  // SHA-256 of the certificate; a host on the Deck itself speaks HTTP and has none.
  const fingerprint = field(words.fingerprint, { pattern: '([0-9a-fA-F]{2}:?){32}' });
  form.append(host.label, token.label, fingerprint.label, button(words.save, 'submit'));
  form.style.cssText = 'display: grid; gap: 8px';
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void done(host.input.value, token.input.value, fingerprint.input.value);
    token.input.value = '';
  });
  return form;
}

function field(
  name: string,
  given: Partial<HTMLInputElement>,
): { label: HTMLLabelElement; input: HTMLInputElement } {
  const label = document.createElement('label');
  const input = document.createElement('input');
  Object.assign(input, given);
  input.style.cssText = 'display: block; width: 100%; box-sizing: border-box; min-height: 36px';
  label.append(name, input);
  return { label, input };
}

function button(text: string, type: 'button' | 'submit' = 'button'): HTMLButtonElement {
  const made = Object.assign(document.createElement('button'), { type, textContent: text });
  made.style.minHeight = '40px';
  return made;
}
