// Draws host/src/apps/art/*.png from the .svg beside each, with Chromium: 600×800, as clients want box art. Run it by
// hand after changing a picture; the results are committed.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const FOLDER = resolve(import.meta.dir, '../host/src/apps/art');

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 600, height: 800 } });
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.svg'))) {
    const svg = readFileSync(join(FOLDER, name), 'utf8');
    await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`);
    await page.screenshot({ path: join(FOLDER, name.replace(/\.svg$/, '.png')) });
  }
} finally {
  await browser.close();
}
