// SPDX-License-Identifier: Apache-2.0
//
// People who use a keyboard alone, colours of their own, no motion, or paper.

import { complete, empty, follow, press, proceed } from './form.mjs';

// keyboard files an application without a mouse, and looks at each stop of the focus on the way.
export async function keyboard(page, stage, report) {
  const { service: url, data } = stage.town;
  await page.goto(url);
  report({ state: 'keyboard: start', problems: [...await skip(page), ...await stops(page)] });
  await page.locator('main form[action$="/apply"] button').focus();
  await follow(page, () => page.keyboard.press('Enter'));
  for (let step = 0; step < 60 && !page.url().includes('/receipt/'); step++) {
    const address = page.url();
    const id = new URL(address).pathname.split('/').pop();
    report({ state: `keyboard: ${id}`, problems: await stops(page) });
    await page.evaluate(() => document.activeElement?.blur?.());
    await answer(page, data);
    await follow(page, () => page.keyboard.press('Enter'));
    if (page.url() === address) throw new Error(`keyboard: page ${id} does not go on: ${await page.locator('.govuk-error-summary').allInnerTexts()}`);
  }
  report({ state: 'keyboard: an application is filed', problems: page.url().includes('/receipt/') ? [] : ['no receipt'] });
}

// skip presses Tab once and Enter: the first stop must be the link to the content, must be seen, and must lead there.
async function skip(page) {
  await page.keyboard.press('Tab');
  const problems = await page.evaluate(() => {
    const link = document.activeElement;
    const box = link.getBoundingClientRect();
    if (link.getAttribute('href') !== '#main') return ['the first stop is not the link to the content'];
    return box.height < 10 || box.top < 0 || box.left < 0 ? ['the link to the content is not seen when it has the focus'] : [];
  });
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  if (!(await page.evaluate(() => Boolean(document.activeElement.closest('main'))))) problems.push('after the link to the content the next stop is not in it');
  await page.evaluate(() => { document.activeElement.blur(); window.getSelection().removeAllRanges(); });
  return problems;
}

// stops goes through the page with Tab: all that can be used is reached, in the order in which it is read, and is seen when it has
// the focus.
async function stops(page) {
  const address = page.url().replace(/#.*/, '');
  await page.goto('about:blank');
  await page.goto(address);
  const wanted = await page.evaluate(() => {
    const groups = new Set();
    const visible = (e) => e.checkVisibility() && e.tabIndex >= 0;
    return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter(visible).filter((e) => {
      if (e.type !== 'radio') return true;
      if (groups.has(e.name)) return false;
      groups.add(e.name);
      return true;
    }).map((e, i) => { e.dataset.stop = i; return e.outerHTML.slice(0, 90); });
  });
  const problems = [];
  const seen = [];
  for (let i = 0; i < wanted.length + 2; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const marks = [e, e.labels?.[0]].filter(Boolean).flatMap((x) => [null, '::before', '::after'].map((pseudo) => getComputedStyle(x, pseudo)))
        .map((s) => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== 'none');
      const box = e.getBoundingClientRect();
      const top = document.elementFromPoint(Math.max(1, Math.min(innerWidth - 2, box.left + box.width / 2)), Math.max(1, Math.min(innerHeight - 2, box.top + box.height / 2)));
      return {
        id: e.dataset.stop === undefined ? '' : Number(e.dataset.stop), what: e.outerHTML.slice(0, 90), marked: marks.some(Boolean),
        seen: box.bottom > 0 && box.top < innerHeight && Boolean(top && (e.contains(top) || top.contains(e) || top.control === e)),
      };
    });
    if (!stop) break;
    if (seen.includes(stop.id) || stop.id === '') continue;
    if (!stop.marked) problems.push(`nothing shows that this has the focus: ${stop.what}`);
    if (!stop.seen) problems.push(`this is hidden when it has the focus: ${stop.what}`);
    seen.push(stop.id);
  }
  if (String(seen) !== String([...seen].sort((a, b) => a - b))) problems.push(`the focus jumps: ${seen}`);
  wanted.forEach((what, i) => { if (!seen.includes(i)) problems.push(`Tab never comes to ${what}`); });
  await page.goto('about:blank');
  await page.goto(address);
  return problems;
}

// answer goes from question to question with Tab and answers each with keys alone; it ends on the button that continues.
async function answer(page, data) {
  for (let i = 0; i < 200; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate((given) => {
      const e = document.activeElement;
      const pointer = e.closest('[data-pointer]')?.dataset.pointer ?? '';
      const value = pointer === '/declaration' ? 'agreed' : pointer.split('/').slice(2).reduce((v, step) => v?.[step], given);
      const radios = [...document.querySelectorAll(`input[type=radio][name="${CSS.escape(e.name ?? '')}"]`)];
      return {
        kind: e.tagName === 'BUTTON' ? e.value : e.tagName === 'SELECT' ? 'select' : e.type, value: value === undefined ? null : String(value),
        part: e.dataset.part ?? '', own: e.value, down: radios.findIndex((r) => r.value === String(value)),
      };
    }, data);
    if (stop.kind === 'continue') return;
    if (stop.value === null) continue;
    if (stop.kind === 'radio') {
      await page.keyboard.press('Space');
      for (let k = 0; k < stop.down; k++) await page.keyboard.press('ArrowDown');
    } else if (stop.kind === 'checkbox') {
      if (stop.value === stop.own || stop.value.split(',').includes(stop.own)) await page.keyboard.press('Space');
    } else if (stop.part) {
      const [year, month, day] = stop.value.split('-');
      await page.keyboard.type({ year, month, day }[stop.part]);
    } else if (['text', 'tel', 'email', 'textarea'].includes(stop.kind)) {
      await page.keyboard.type(stop.value);
    }
  }
  throw new Error('the button that continues is never reached with Tab');
}

// modes looks at the pages in a person's own colours, without motion, and on paper.
export async function modes(open, stage, auditor, report) {
  const { url, data, attachments } = stage.services.find((s) => s.url === stage.town.service);
  const page = await open('ru', { forcedColors: 'active' });
  const look = async (name) => {
    await auditor.shoot(page, `${name}-own-colours`);
    report({ state: `${name} in a person's own colours`, problems: await page.evaluate(edges) });
    report({ state: `${name} without motion`, problems: await page.evaluate(motion) });
    await page.emulateMedia({ media: 'print' });
    await auditor.shoot(page, `${name}-paper`);
    report({ state: `${name} on paper`, problems: await page.evaluate(paper) });
    await page.emulateMedia({ media: null });
  };
  await page.goto(url);
  await look('start');
  await press(page, 'main form[action$="/apply"] button');
  while (!page.url().endsWith('/check')) {
    const id = new URL(page.url()).pathname.split('/').pop();
    await empty(page);
    await proceed(page);
    await look(`page ${id}`);
    await complete(page, data, attachments);
    await proceed(page);
  }
  await look('check');
  await page.locator('#declaration').check();
  await proceed(page);
  await look('receipt');
  const kept = await page.locator('[data-receipt]').evaluateAll((all) => all.every((e) => e.checkVisibility()));
  report({ state: 'receipt on paper keeps number and code', problems: kept ? [] : ['number or code is not printed'] });
  await page.goto(`${url}/blank`);
  await look('blank');
  await page.goto(stage.portal.base);
  await look('catalogue');
  await page.context().close();
}

// The functions below run inside the page.

// edges looks for controls that only their background shows: a person's own colours take that away.
function edges() {
  const bordered = (e, pseudo) => { const s = getComputedStyle(e, pseudo); return parseFloat(s.borderTopWidth) > 0 && s.borderTopStyle !== 'none'; };
  return [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, [role=button]')].filter((e) => e.checkVisibility() && e.tabIndex >= 0 && e.type !== 'file')
    .filter((e) => !bordered(e) && !(e.labels?.[0] && bordered(e.labels[0], '::before')))
    .map((e) => `nothing but its colour shows ${e.outerHTML.slice(0, 90)}`);
}

function motion() {
  return [...document.querySelectorAll('*')].filter((e) => {
    const s = getComputedStyle(e);
    return s.animationName !== 'none' || s.transitionDuration.split(',').some((d) => parseFloat(d) > 0);
  }).map((e) => `this moves: ${e.outerHTML.slice(0, 90)}`);
}

function paper() {
  return [...document.querySelectorAll('button, .govuk-back-link, .govuk-skip-link, nav, .okno-noprint')].filter((e) => e.checkVisibility())
    .map((e) => `this is of no use on paper: ${e.outerHTML.slice(0, 90)}`);
}
