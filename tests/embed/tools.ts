// Toolchains of others that tests of embedding need, each as its own lock file pins it, in .cache/embed: `npm ci` once,
// scripts/test does it beforehand. None is a dependency of the project.
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage } from '../../scripts/build-package.ts';

const ROOT = join(import.meta.dir, '../..');
export const TOOLS = ['vite', 'react-18', 'react-19'] as const;

/** The folder with the node_modules of a tool. */
export async function tool(name: (typeof TOOLS)[number]): Promise<string> {
  return installed(join(import.meta.dir, 'tools', name), join(ROOT, '.cache/embed', name));
}

/** The Decky example with its own toolchain, beside the package that it is built with, as in the repository. */
export async function deckyPlugin(): Promise<string> {
  const work = join(ROOT, '.cache/embed');
  await buildPackage(join(work, 'dist/package'));
  const source = join(ROOT, 'examples/decky');
  const folder = await installed(source, join(work, 'examples/decky'));
  for (const name of readdirSync(source)) {
    if (name !== 'node_modules' && name !== 'dist') {
      cpSync(join(source, name), join(folder, name), { recursive: true });
    }
  }
  return folder;
}

/** Packages of `source`'s lock file in `folder`, unless these very ones are there. */
export async function installed(source: string, folder: string): Promise<string> {
  const lock = join(source, 'package-lock.json');
  const done = join(folder, 'node_modules/.lock-that-was-installed');
  if (existsSync(done) && readFileSync(done, 'utf8') === readFileSync(lock, 'utf8')) return folder;
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(join(source, name), join(folder, name));
  }
  await command(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  copyFileSync(lock, done);
  return folder;
}

/** What it printed; throws all of it when it failed. */
export async function command(args: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...args], { cwd, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) === 0) return out;
  throw new Error(`${args.join(' ')} failed in ${cwd}:\n${out}${err}`);
}

if (import.meta.main) {
  for (const name of TOOLS) await tool(name);
  await deckyPlugin();
}
