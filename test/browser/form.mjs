// SPDX-License-Identifier: Apache-2.0
//
// Fills forms as a person does who gives the answers of a scenario: each control says by data-pointer which answer it wants.

// The functions below run inside the page.

// write puts answers into the page's controls; wrong puts nonsense there instead.
function write({ data, wrong }) {
  const at = (pointer) => pointer.split('/').slice(1)
    .reduce((value, step) => (value == null ? undefined : value[step.replace(/~1/g, '/').replace(/~0/g, '~')]), { data });
  for (const control of document.querySelectorAll('main form [name]')) {
    if (control.tagName === 'BUTTON' || control.type === 'hidden' || control.type === 'file') continue;
    const pointer = control.closest('[data-pointer]')?.dataset.pointer ?? '';
    const answer = pointer === '/declaration' ? 'agreed' : at(pointer);
    const answers = (Array.isArray(answer) ? answer : [answer]).filter((a) => a !== undefined).map(String);
    if (control.type === 'radio' || control.type === 'checkbox') {
      control.checked = !wrong && answers.includes(control.value);
    } else if (control.dataset.part) {
      const [year, month, day] = (answers[0] ?? '').split('-');
      control.value = wrong ? '99' : ({ year, month, day }[control.dataset.part] ?? '');
    } else if (control.tagName === 'SELECT') {
      control.value = wrong ? '' : (answers[0] ?? '');
    } else {
      control.value = wrong ? '!' : answers.join('\n');
    }
  }
}

// clear empties all controls, as a person does who only presses the button.
function clear() {
  for (const control of document.querySelectorAll('main form [name]')) {
    if (control.type === 'radio' || control.type === 'checkbox') control.checked = false;
    else if (control.tagName !== 'BUTTON' && control.type !== 'hidden' && control.type !== 'file') control.value = '';
  }
}

// lacking is the list whose answers are more than the page has entries for, or null.
function lacking(data) {
  const pointers = [...document.querySelectorAll('main form [data-pointer]')].map((c) => c.dataset.pointer);
  for (const button of document.querySelectorAll('main form [data-add]')) {
    const list = button.dataset.add;
    const wanted = list.split('/').slice(1).reduce((value, step) => value?.[step], { data })?.length ?? 0;
    if (wanted && !pointers.some((p) => p.startsWith(`${list}/${wanted - 1}/`) || p === `${list}/${wanted - 1}`)) return list;
  }
  return null;
}

export const fill = (page, data) => page.evaluate(write, { data, wrong: false });
export const spoil = (page) => page.evaluate(write, { data: {}, wrong: true });
export const empty = (page) => page.evaluate(clear);

// press presses a button of the page's form and waits for the page that follows.
export async function press(page, selector) {
  return follow(page, () => page.locator(selector).click());
}

// follow does what leads to another page, or to the same anew, and returns that page's response.
export async function follow(page, act) {
  const [response] = await Promise.all([page.waitForNavigation(), act()]);
  return response;
}

export const proceed = (page) => press(page, 'main form button[value=continue]:visible:not(.okno-default)');

// complete fills a page with answers, adding as many entries as its lists need, and attaches files.
export async function complete(page, data, attachments) {
  await fill(page, data);
  for (let list = await page.evaluate(lacking, data); list; list = await page.evaluate(lacking, data)) {
    await press(page, `main form [data-add="${list}"]`);
    await fill(page, data);
  }
  for (const input of await page.locator('main form input[type=file]').all()) {
    const id = (await input.getAttribute('name')).replace(/^document\./, '');
    const files = attachments.filter((a) => a.document === id)
      .map((a) => ({ name: a.name, mimeType: a.type, buffer: Buffer.from(a.bytes ?? a.text ?? '', a.bytes ? 'base64' : 'utf8') }));
    if (files.length && (await page.locator(`[data-file="${id}"]`).count()) === 0) await input.setInputFiles(files);
  }
}
