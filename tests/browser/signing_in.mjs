// Ways in: a helper with a code besides the password, a customer by a mailed link; each with script and without. And what people choose
// for themselves.

import { createHmac } from "node:crypto";

export async function signingIn(desk, begin) {
  const helpers = desk.people.filter(it => it.role === "helper");
  const customers = desk.people.filter(it => it.role === "customer");
  for (const [script, helper, customer] of [["on", helpers[0], customers[0]], ["off", helpers[1] ?? helpers[0], customers[1] ?? customers[0]]]) {
    const plain = script === "off" ? "plain-" : "";
    await withACode(await begin(`${plain}code`, { script }), helper);
    await byALink(await begin(`${plain}link`, { script }), desk, customer);
  }
  await chooses(await begin("profile"), helpers[0]);
}

/** What an authenticator app shows: RFC 6238. `off` steps from now, so that none need be waited for. */
function code(key, off) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...key.replaceAll(" ", "")].map(it => letters.indexOf(it).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map(it => parseInt(it, 2)));
  const step = Buffer.alloc(8);
  step.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30_000) + off));
  const tag = createHmac("sha1", secret).update(step).digest();
  return String((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

async function withACode(visit, me) {
  const { page } = visit;
  const card = page.locator("#two-factor");
  let key;
  await visit.step("sets two-factor sign-in up", async () => {
    await visit.signIn(me);
    await visit.goTo("/profile");
    await card.getByLabel("Current password").fill(me.password);
    await visit.press("Set up", card);
    await visit.look("two-factor");
    key = await page.locator("#key").textContent();
    await page.getByLabel("Code that the app shows now").fill("000000");
    await visit.expecting(422, () => visit.press("Turn on"));
    await visit.sees(page.locator(".flash.bad"));
    await page.getByLabel("Code that the app shows now").fill(code(key, -1));
    await visit.press("Turn on");
    if ((await page.locator(".codes li").count()) !== 10) throw new Error("there are not ten recovery codes");
    await visit.look("recovery-codes");
    await visit.follow("I have kept them");
    await visit.sees(card.getByText("10 recovery codes are left"));
    await visit.look("profile-on");
  });
  await visit.step("signs in with a code", async () => {
    await visit.context.clearCookies();
    await visit.goTo("/tickets?view=mine");
    await page.getByLabel("E-mail").fill(me.email);
    await page.getByLabel("Password").fill(me.password);
    await visit.press("Sign in");
    await visit.look("login-code");
    await page.getByLabel("Code of your authenticator app").fill("000000");
    await visit.expecting(401, () => visit.press("Sign in"));
    await visit.look("login-code-refused");
    await page.getByLabel("Code of your authenticator app").fill(code(key, 0));
    await visit.press("Sign in");
    await page.waitForURL(/\/tickets\?view=mine/);
  });
  await visit.step("turns it off", async () => {
    await visit.goTo("/profile");
    await card.getByLabel("Current password").fill(me.password);
    await card.getByLabel("Code of the app").fill(code(key, 1));
    await visit.press("Turn off", card);
    await visit.told("Two-factor sign-in is off");
  });
}

async function byALink(visit, desk, me) {
  const { page } = visit;
  await visit.step("asks for a link to sign in", async () => {
    await visit.goTo("/login?next=/my/new");
    await page.getByLabel("E-mail").fill(me.email);
    await visit.press("E-mail me a sign-in link");
    await visit.look("link-sent");
  });
  await visit.step("follows it from their mailbox", async () => {
    let link;
    await visit.until("the link is in the mailbox", async () => (link = await mailedLink(desk, me.email)));
    await visit.goTo(link);
    await visit.look("link");
    await visit.press("Sign in");
    await page.waitForURL(/\/my\/new$/);
  });
  await visit.step("looks for a request", async () => {
    await visit.goTo("/my");
    await visit.follow("Resolved and closed");
    await visit.look("requests-done");
    await page.getByLabel("Search your requests").fill("no such words");
    await visit.leadingOn(() => page.getByLabel("Search your requests").press("Enter"));
    await visit.sees(page.getByText("None of your requests has all of this"));
    await visit.look("requests-none");
  });
  await visit.step("sees that they need no password", async () => {
    await visit.goTo("/profile");
    await visit.sees(page.getByRole("heading", { name: "Password" }));
    await visit.look("profile");
  });
  await moves(visit, desk, me);
}

/** Has mail somewhere else, and at the old address again, by which the other stories know them. */
async function moves(visit, desk, me) {
  const { page } = visit;
  const card = page.locator("#address");
  for (const address of [`${me.email.split("@")[0]}@moved.example`, me.email]) {
    await visit.step(`wants mail at ${address}`, async () => {
      await visit.goTo("/profile");
      await card.getByLabel("New address").fill(address);
      if (await card.getByLabel("Current password").count()) await card.getByLabel("Current password").fill(me.password);
      await visit.press("Mail the link", card);
      await visit.told("A link is on its way");
      let link;
      await visit.until("the link is in the mailbox", async () => (link = await mailedLink(desk, address, "Your new address", "/address/")));
      await visit.goTo(link);
      await visit.look("address");
      await visit.press("Use this address");
      await visit.sees(page.getByRole("heading", { name: `Your address is ${address}` }));
      await visit.look("address-changed");
      await visit.follow("To your profile");
      await visit.sees(page.locator("#you").getByText(address));
    });
  }
}

/** The newest link of a kind that came for somebody; none yet: undefined. */
async function mailedLink(desk, email, subject = "Your sign-in link", path = "/login/link/") {
  const text = async path => (await (await fetch(desk.mailbox + path)).text()).replaceAll("&#x2f;", "/").replaceAll("&amp;", "&");
  const list = await text(`/mailbox?of=${encodeURIComponent(email)}`);
  const mail = list.match(new RegExp(`href="(/mail\\?[^"]*)"[^]{0,300}?<bdi>${subject}`));
  return mail && (await text(mail[1])).match(new RegExp(`http://\\S+${path}[^\\s<"]+`))?.[0];
}

async function chooses(visit, me) {
  const { page } = visit;
  const height = () => page.locator(".trow").first().evaluate(it => it.getBoundingClientRect().height);
  await visit.step("sets lists close together and switches single keys off", async () => {
    await visit.signIn(me);
    await visit.goTo("/tickets?view=open");
    const wide = await height();
    await visit.goTo("/profile");
    await visit.look("profile");
    const look = page.locator("#look");
    await look.getByText("Compact").click();
    await look.getByText("Single-key shortcuts").click();
    await visit.press("Save", look);
    await visit.goTo("/tickets?view=open");
    await visit.look("queue-compact");
    const close = await height();
    if (!(close < wide - 8)) throw new Error(`a row is ${close} px high, and was ${wide}`);
    await page.keyboard.press("?");
    await page.keyboard.press("c");
    await page.keyboard.press("j");
    if (await page.locator("dialog[open]").count()) throw new Error("? opens the help");
    if (await page.evaluate(() => document.activeElement !== document.body)) throw new Error("j moves");
    if (!page.url().includes("/tickets?view=open")) throw new Error("c leads away");
  });
  await visit.step("sets both back, and says what is to be mailed", async () => {
    await visit.goTo("/profile");
    const look = page.locator("#look");
    await look.getByText("Comfortable").click();
    await look.getByText("Single-key shortcuts").click();
    await visit.press("Save", look);
    const notices = page.locator("#notices");
    const nobodys = notices.getByLabel("a ticket comes that nobody has");
    await nobodys.selectOption("In a daily digest");
    await visit.press("Save", notices);
    if ((await nobodys.inputValue()) !== "digest") throw new Error("the choice was not kept");
    await visit.goTo("/tickets?view=open");
    await page.keyboard.press("?");
    await visit.sees(page.locator("dialog[open]"));
  });
}
