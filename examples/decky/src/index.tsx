// What Decky loads: a panel mounted through a ref. Steam's React makes one empty <div> and nothing inside it, so that an
// update of Steam that breaks the mapping to its components has nothing here to break.
import { callable, definePlugin } from '@decky/api';
import { createElement } from 'react';
import type { BackEnd } from './back-end';
import { makePanel } from './panel';

const backEnd: BackEnd = {
  ask: callable('ask'),
  configured: callable('configured'),
  configure: callable('configure'),
};

// biome-ignore lint/style/noDefaultExport: the loader takes it.
export default definePlugin(() => {
  const panel = makePanel(backEnd);
  const mount = (node: HTMLDivElement | null): void => {
    // The menu is closed and opened again and again: the panel stays, taken out it asks nothing.
    if (node === null) panel.remove();
    else node.append(panel);
  };
  return {
    name: 'punktfunk',
    titleView: createElement('div', null, 'punktfunk'),
    icon: createElement('span', { 'aria-hidden': true }, '◔'),
    content: createElement('div', { ref: mount }),
    onDismount: () => panel.remove(),
  };
});
