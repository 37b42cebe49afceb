// SPDX-License-Identifier: Apache-2.0
//
// The pages outside an application, and every refusal that a browser can get to see.

import { complete, follow, press, proceed } from './form.mjs';

// pages looks at lists, service pages, paper forms and the way back to an application.
export async function pages(page, stage, see) {
  await page.goto(stage.town.base);
  await see(page, 'agency with services');
  await page.goto(stage.empty.intake);
  await see(page, 'agency without services');
  for (const [name, url] of Object.entries(stage.town.stopped)) {
    await page.goto(url);
    await see(page, `start of a service that is ${name}`);
  }
  const lang = await page.evaluate(() => document.documentElement.lang);
  for (const service of stage.services.filter((s) => s.languages.includes(lang))) {
    await page.goto(`${service.url}/blank`);
    await see(page, `blank form of ${service.name}`);
  }
  await find(page, stage, see);
  await page.goto(stage.portal.base);
  await see(page, 'catalogue');
  await page.goto(stage.empty.portal);
  await see(page, 'catalogue without services');
  for (const [name, query] of Object.entries({
    'searched and filtered': '?q=заявление&for=Person&cost=free&sort=term', 'with nothing found': '?q=парковка+космодром', 'read with the other layout': '?q=gfhrjdrf',
  })) {
    await page.goto(`${stage.portal.base}/${query}`);
    await see(page, `catalogue ${name}`);
  }
  for (const [name, url] of Object.entries(stage.portal.services)) {
    await page.goto(url);
    await see(page, `catalogue page of ${name}`);
  }
  await page.goto(`${Object.values(stage.portal.services)[0]}/staff`);
  await see(page, 'catalogue page for staff');
  await page.goto(`${stage.portal.base}/services/nobody/nothing`);
  await see(page, 'catalogue page of a service that is not there');
  await languages(page, stage.town.service);
}

async function find(page, stage, see) {
  const { service, number, secret } = stage.town;
  await page.goto(`${service}/receipt`);
  await see(page, 'finding an application');
  await page.locator('#number').fill(number);
  await page.locator('#secret').fill('wrong');
  await press(page, 'main form button');
  await see(page, 'finding an application with a wrong code', { failed: true });
  await page.goto(`${service}/receipt/${number}`);
  await see(page, 'opening an application');
  await page.locator('#secret').fill(secret.toLowerCase().match(/.{4}/g).join(' '));
  await press(page, 'main form button');
  await see(page, 'an application that was found');
}

// languages goes to the other language and back; the choice holds on the next page.
async function languages(page, url) {
  await page.goto(url);
  const before = await page.evaluate(() => document.documentElement.lang);
  for (const wanted of [before === 'ru' ? 'en' : 'ru', before]) {
    await press(page, `header a[hreflang=${wanted}]`);
    await page.goto(`${url}/receipt`);
    const got = await page.evaluate(() => document.documentElement.lang);
    if (got !== wanted) throw new Error(`after choosing ${wanted} the next page is in ${got}`);
    await page.goto(url);
  }
}

// refusals provokes each refusal in the way that a person gets there.
export async function refusals(page, stage, see) {
  const { base, service, stopped } = stage.town;
  const answered = async (name, status, response) => {
    if (response.status() !== status) throw new Error(`${name}: status ${response.status()}, want ${status}`);
    await see(page, `${status} ${name}`);
  };
  await answered('no such page', 404, await page.goto(`${base}/nothing`));
  await answered('no such service', 404, await page.goto(`${base}/s/nothing`));
  await answered('another browser\'s application', 404, await page.goto(`${service}/apply/01234567/you`));
  await page.context().addCookies([{ ...stage.gone.cookie, url: stage.gone.url }]);
  await answered('an application that was deleted', 410, await page.goto(stage.gone.url));
  await answered('another method', 405, await post(page, base, `${service}/blank`));
  await answered('from another site', 403, await post(page, 'about:blank', `${service}/apply`));
  for (const [name, url] of Object.entries(stopped)) {
    await answered(`a service that is ${name}`, 403, await post(page, base, `${url}/apply`));
  }
  await answered('a request that is too large', 413, await post(page, base, `${service}/receipt`, 'x'.repeat(1_200_000)));
  await answered('too many requests', 429, await post(page, stage.limited, `${stage.limited}/apply`));
  await answered('a store that takes nothing', 503, await post(page, stage.broken.url, `${stage.broken.url}/apply`));
  await page.context().addCookies([{ ...stage.broken.cookie, url: stage.broken.draft }]);
  await answered('a store that cannot be read', 500, await page.goto(stage.broken.draft));
  await answered('too many files wait to be filed', 503, await upload(page, stage));
  await conflict(page, stage, see);
}

// upload fills in the form of an intake that has no room for files, until it says so.
async function upload(page, stage) {
  const { data, attachments } = stage.services.find((s) => s.url === stage.town.service);
  await page.goto(stage.crowded);
  let response = await press(page, 'main form[action$="/apply"] button');
  while (response.status() === 200) {
    await complete(page, data, attachments);
    response = await proceed(page);
  }
  return response;
}

// post sends a form from a page to an address.
async function post(page, from, to, text = '') {
  await page.goto(from);
  return follow(page, () => page.evaluate(({ action, value }) => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action });
    const input = document.createElement('input');
    Object.assign(input, { name: 'number', value });
    form.append(input);
    document.body.append(form);
    form.submit();
  }, { action: to, value: text }));
}

// conflict changes an answer in one window while another one is about to send.
async function conflict(page, stage, see) {
  const { service, data, attachments } = { service: stage.town.service, ...stage.services.find((s) => s.url === stage.town.service) };
  await page.goto(service);
  await press(page, 'main form[action$="/apply"] button');
  const first = page.url();
  while (!page.url().endsWith('/check')) {
    await complete(page, data, attachments);
    await proceed(page);
  }
  const other = await page.context().newPage();
  await other.goto(first);
  await complete(other, data, attachments);
  await proceed(other);
  await other.close();
  await page.locator('#declaration').check();
  const response = await proceed(page);
  if (response.status() !== 409) throw new Error(`sending what changed elsewhere: status ${response.status()}, want 409`);
  await see(page, '409 answers that changed in another window');
}
