// SPDX-License-Identifier: Apache-2.0
//
// Files an application page by page, looking at each page as it comes, empty, with errors, and filled.

import { complete, empty, press, proceed, spoil } from './form.mjs';

const enough = 60; // pages that no form has

// apply walks the form of a service as its richest accepted scenario says. see is asked to look at each state;
// of a service that needs no thorough look, not at pages without answers, which are those with errors less the errors.
export async function apply(page, { url, name, data, attachments, thorough }, see) {
  await page.goto(url);
  await see(page, `${name} start`);
  await press(page, 'main form[action$="/apply"] button');
  for (let step = 0; step < enough; step++) {
    const address = page.url();
    const id = new URL(address).pathname.split('/').pop();
    if (id === 'check') return send(page, { name }, see);
    if (thorough) await see(page, `${name} ${id} empty`);
    await failing(page, address, `${name} ${id}`, see);
    await complete(page, data, attachments);
    await see(page, `${name} ${id} filled`);
    let response = await proceed(page);
    if (response.status() === 200 && page.url() === address) {
      await see(page, `${name} ${id} with questions opened`);
      await complete(page, data, attachments);
      response = await proceed(page);
    }
    if (response.status() !== 200 || page.url() === address) {
      const said = await page.locator('.govuk-error-summary').allInnerTexts();
      throw new Error(`${name}: page ${id} does not go on (${response.status()}): ${said}`);
    }
  }
  throw new Error(`${name}: the form does not end`);
}

// failing looks at the page with each kind of error and comes back to it.
async function failing(page, address, name, see) {
  const attempts = [
    ['unanswered', empty],
    ['wrong', spoil],
  ];
  const upload = page.locator('main form input[type=file]').first();
  if (await upload.count()) {
    attempts.push(['with a file of another kind', () => upload.setInputFiles({ name: 'Справка о доходах за длинный-предлинный год.pdf', mimeType: 'application/pdf', buffer: Buffer.from('not what its name says') })]);
  }
  for (const [what, mistake] of attempts) {
    await mistake(page);
    const response = await proceed(page);
    if (response.status() === 422) await see(page, `${name} ${what}`, { failed: true });
    if (page.url() !== address || response.status() !== 200) await page.goto(address);
  }
}

async function send(page, { name }, see) {
  await see(page, `${name} check`);
  await proceed(page);
  await see(page, `${name} check without consent`, { failed: true });
  await page.locator('#declaration').check();
  await proceed(page);
  await page.waitForURL(/\/receipt\//);
  await see(page, `${name} receipt`);
  const number = await page.locator('[data-receipt=number]').innerText();
  const secret = (await page.locator('[data-receipt=secret]').innerText()).replace(/\s/g, '');
  if (!number || secret.length !== 32) throw new Error(`${name}: the receipt has number ${number} and a code of ${secret.length}`);
  return { receipt: page.url(), number, secret };
}
