// SPDX-License-Identifier: Apache-2.0
//
// Judges one page as it stands: axe-core's rules for WCAG 2.2 A and AA, and what axe does not look at.

import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export const desktop = { width: 1280, height: 900 };
export const phone = { width: 360, height: 740 };
// narrow is a 1280 pixels wide window zoomed to 400 %, double the same zoomed to 200 %.
const narrow = { width: 320, height: 256 };
const double = { width: 640, height: 450 };

const maxPage = 14 * 1024; // bytes, compressed
const maxRequests = 3;

// Auditor collects what is wrong with pages, by state.
export class Auditor {
  constructor({ shots, report }) {
    this.shots = shots;
    this.report = report;
    if (shots) mkdirSync(shots, { recursive: true });
  }

  // judge reports all that is wrong with the page, which is in the state that name says, on the devices. The page keeps what was typed.
  async judge(page, name, devices, expected = {}) {
    // The browser moves the focus when it first draws the page, which may be after it has loaded.
    if (expected.failed) await page.waitForFunction(() => document.activeElement !== document.body, null, { timeout: 5000 }).catch(() => {});
    const problems = await page.evaluate(structure, expected);
    problems.push(...page.heard.splice(0));
    problems.push(...weigh(await page.content(), page.fetched.size));
    for (const device of devices) {
      await page.setViewportSize({ desktop, phone }[device]);
      problems.push(...(await this.rules(page)).map((p) => `${device}: ${p}`));
      await this.shoot(page, `${name}-${device}`);
    }
    problems.push(...(await this.reflow(page)));
    await page.setViewportSize(desktop);
    this.report({ state: name, problems });
  }

  // rules are axe-core's violations.
  async rules(page) {
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
    const { violations } = await page.evaluate((values) => window.axe.run(document, {
      runOnly: { type: 'tag', values }, resultTypes: ['violations'],
    }), tags);
    return violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => `${v.id} (${v.help}) at ${n.target.join(' ')}: ${n.html.slice(0, 160)}`));
  }

  // reflow looks for anything wider than a narrow screen, also with the spacing of text that WCAG 1.4.12 names.
  async reflow(page) {
    const problems = [];
    for (const [what, size] of [['200 %', double], ['phone', phone], ['400 %', narrow]]) {
      await page.setViewportSize(size);
      problems.push(...(await page.evaluate(tooWide)).map((p) => `${what}: ${p}`));
    }
    await page.evaluate(space, true);
    problems.push(...(await page.evaluate(tooWide)).map((p) => `wide spacing at 320 pixels: ${p}`));
    await page.evaluate(space, false);
    return problems;
  }

  async shoot(page, name) {
    if (this.shots) await page.screenshot({ path: `${this.shots}/${name.replace(/[^\p{L}\p{N}.-]+/gu, '-')}.png`, fullPage: true });
  }
}

// listen notes what a page complains of and what it fetches.
export function listen(page) {
  page.heard = [];
  page.fetched = new Set();
  page.on('console', (m) => {
    if (m.type() === 'error' && !/Failed to load resource: the server responded with a status of/.test(m.text())) page.heard.push(`console: ${m.text()}`);
  });
  page.on('pageerror', (e) => page.heard.push(`script: ${e.message}`));
  page.on('request', (r) => {
    if (r.isNavigationRequest()) page.fetched.clear();
    page.fetched.add(r.url()); // the icon may come late, and be the last page's
  });
  return page;
}

function weigh(html, fetched) {
  const problems = [];
  const size = gzipSync(html).length;
  if (size > maxPage) problems.push(`the page is ${size} bytes compressed, more than ${maxPage}`);
  if (fetched > maxRequests) problems.push(`the page took ${fetched} requests, more than ${maxRequests}`);
  return problems;
}

// The functions below run inside the page.

// structure looks at what every page of ours promises and axe-core does not ask for.
function structure({ failed = false }) {
  const problems = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const ids = all('[id]').map((e) => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => problems.push(`id ${id} stands twice`));
  if (all('h1').length !== 1) problems.push(`${all('h1').length} headings of the first level`);
  all('a[href^="#"]').filter((a) => !ids.includes(a.hash.slice(1))).forEach((a) => problems.push(`link to ${a.hash} leads nowhere`));
  if (all('script, [style], [onclick], iframe, noscript, meta[http-equiv=refresh], marquee, blink, canvas, object, embed').length) {
    problems.push('something that needs a script, moves by itself or is closed to a screen reader');
  }
  if (all('[tabindex]').some((e) => e.tabIndex > 0)) problems.push('a focus order of its own');
  if (all('table table').length) problems.push('a table inside a table');
  if (all('img:not([alt]), svg:not([aria-hidden=true]):not([role=img])').length) problems.push('a picture without a text');
  if (all('a[target=_blank]').length) problems.push('a link that opens a window');
  all('.govuk-radios__label').filter((l) => l.textContent.trim().length < 5 && l.offsetHeight > 60).forEach((l) => problems.push(`a short answer breaks: ${l.textContent}`));
  const summary = document.querySelector('.govuk-error-summary');
  if (failed !== Boolean(summary)) problems.push(failed ? 'no summary of what is wrong' : 'a summary of errors where there are none');
  if (summary) {
    if (document.activeElement !== summary) problems.push('the summary of errors does not have the focus');
    if (!/^(Ошибка|Error): /.test(document.title)) problems.push(`the title does not begin with the error: ${document.title}`);
    for (const link of summary.querySelectorAll('a[href^="#"]')) {
      const target = document.getElementById(link.hash.slice(1));
      if (target && !target.matches('input, select, textarea, fieldset, button')) problems.push(`the error ${link.textContent} leads to no question`);
    }
  }
  const foreign = document.documentElement.lang === 'en' ? /[а-яё]{4,}/i : null;
  if (foreign) {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      // Names and what people typed stay as they are.
      if (foreign.test(node.data) && node.parentElement.closest('[lang]')?.lang === 'en' && !node.parentElement.closest('.govuk-summary-list__value, [translate=no], textarea, title')) {
        problems.push(`Russian that is not marked as such: ${node.data.trim().slice(0, 60)}`);
      }
    }
  }
  return problems;
}

// tooWide are the things that make the page scroll sideways.
function tooWide() {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('body *')]
    .filter((e) => e.getBoundingClientRect().right > width + 1 && getComputedStyle(e).position !== 'absolute' && !e.querySelector('*'))
    .slice(0, 3)
    .map((e) => `wider than the screen by ${Math.round(e.getBoundingClientRect().right - width)} pixels: ${e.outerHTML.slice(0, 120)}`)
    .concat(`the page scrolls sideways, ${document.documentElement.scrollWidth} pixels in ${width}`);
}

// space sets the spacing that WCAG 1.4.12 wants a page to bear, or takes it away.
function space(on) {
  for (const e of document.querySelectorAll('body *')) {
    if (!on) { e.removeAttribute('style'); continue; }
    e.style.setProperty('line-height', '1.5', 'important');
    e.style.setProperty('letter-spacing', '0.12em', 'important');
    e.style.setProperty('word-spacing', '0.16em', 'important');
    if (e.tagName === 'P') e.style.setProperty('margin-bottom', '2em', 'important');
  }
}
