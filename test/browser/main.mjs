// SPDX-License-Identifier: Apache-2.0
//
// Walks through every page of what the Go test serves and prints a line of JSON for each state with what is wrong with it.
//
//   node main.mjs STAGE.json     where STAGE.json is what browser_test.go writes

import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { apply } from './application.mjs';
import { Auditor, desktop, listen } from './audit.mjs';
import { pages, refusals } from './states.mjs';
import { keyboard, modes } from './people.mjs';

const stage = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const report = (line) => console.log(JSON.stringify(line));
const auditor = new Auditor({ shots: stage.shots, report });
const browser = await chromium.launch({
  executablePath: stage.chromium,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

// open opens a browser of a person who reads a language, with or without scripts.
async function open(lang, options = {}) {
  const context = await browser.newContext({
    viewport: desktop, locale: lang === 'ru' ? 'ru-RU' : 'en-GB', timezoneId: 'Europe/Moscow', reducedMotion: 'reduce', ...options,
  });
  context.setDefaultTimeout(20_000);
  return listen(await context.newPage());
}

// plain is a page's text without what differs from one application to the next.
const plain = async (page) => (await page.content())
  .replace(/\/apply\/[^/"?]+/g, '/apply/…').replace(/\d{4}-\d{7}-\d/g, '…').replace(/(<span class="okno-secret".*?)<\/dd>/gs, '')
  .replace(/(remove-file:|id="|for="|data-file-id=")[0-9a-f-]{20,}/g, '$1…').replace(/ name="version" value="\d+"/g, '');

const everyDevice = ['desktop', 'phone'];

// one walks with scripts and judges each state on the devices.
async function one(lang, devices, walk, seen = new Map()) {
  const page = await open(lang);
  const result = await walk(page, async (p, name, expected) => {
    if (lang !== (await p.evaluate(() => document.documentElement.lang))) report({ state: `${name} ${lang}`, problems: ['the page is in another language'] });
    seen.set(name, await plain(p));
    await auditor.judge(p, `${name} ${lang}`, devices, expected);
  });
  await page.context().close();
  return result;
}

// both walks with scripts and without: the pages must be the very same, and are judged once.
async function both(lang, walk) {
  const seen = new Map();
  const result = await one(lang, everyDevice, walk, seen);
  const bare = await open(lang, { javaScriptEnabled: false });
  await walk(bare, async (p, name) => {
    const same = seen.get(name) === await plain(p);
    report({ state: `${name} ${lang} without scripts`, problems: same ? [] : [`the page differs from the one with scripts: ${difference(seen.get(name) ?? '', await plain(p))}`] });
  });
  await bare.context().close();
  return result;
}

function difference(a, b) {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i += 1;
  return `${a.slice(Math.max(0, i - 40), i + 80)} ≠ ${b.slice(Math.max(0, i - 40), i + 80)}`;
}

// Every kind of page is looked at in each language, on each device, with scripts and without. Of the larger samples, whose pages are
// of the same kinds, the Russian ones are looked at on a phone, where their long words are in the way, and the English on a desktop.
let tasks = [];
for (const lang of ['ru', 'en']) {
  for (const service of stage.services.filter((s) => s.languages.includes(lang))) {
    const walk = (page, see) => apply(page, service, see);
    tasks.push([`${service.name} ${lang}`, () => (service.thorough ? both(lang, walk) : one(lang, lang === 'ru' ? ['phone'] : ['desktop'], walk))]);
  }
  tasks.push([`pages ${lang}`, () => both(lang, (page, see) => pages(page, stage, see))]);
  tasks.push([`refusals ${lang}`, () => both(lang, (page, see) => refusals(page, stage, see))]);
}
tasks.push(['keyboard', async () => keyboard(await open('ru'), stage, report)]);
tasks.push(['modes', () => modes(open, stage, auditor, report)]);
tasks = tasks.filter(([name]) => new RegExp(stage.walks).test(name));

// Two workers, for two processors.
await Promise.all([0, 1].map(async () => {
  for (let task = tasks.shift(); task; task = tasks.shift()) {
    const [name, run] = task;
    try {
      await run();
    } catch (error) {
      report({ state: name, problems: [`the walk ended: ${error.stack}`] });
    }
  }
}));
await browser.close();
