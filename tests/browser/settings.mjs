// An admin sets the desk up while it runs: with script, and the same by hand without.

import { somebody } from "./desk.mjs";

export async function settings(desk, begin) {
  await changes(await begin("settings"), somebody(desk, "admin"), "18s");
  await changes(await begin("plain-settings", { script: "off" }), somebody(desk, "admin"), "19s");
}

async function changes(visit, me, hold) {
  const { page } = visit;
  const rule = `Frost ${hold}`;
  await visit.step("signs in and opens the settings", async () => {
    await visit.signIn(me);
    await visit.leadingOn(() => page.locator(".nav li a", { hasText: "Settings" }).click());
    await visit.look("general");
  });
  await visit.step("holds replies back for longer, and is told what is no time", async () => {
    const card = page.locator("form.card", { has: page.getByRole("heading", { name: "Tickets" }) });
    await page.getByLabel("Hold back replies for").fill("an hour");
    await visit.expecting(422, () => visit.press("Save", card));
    await visit.sees(page.getByText("is not a duration such as"));
    await visit.look("general-refused");
    await page.getByLabel("Hold back replies for").fill(hold);
    await visit.press("Save", card);
    await visit.told("It counts from now on");
  });
  await visit.step("writes a notice in the desk’s own words", async () => {
    await visit.follow("Notices");
    await visit.look("notices");
    await visit.follow("Ticket received");
    await page.getByLabel("Text", { exact: true }).fill("Hello {{ person.first_nam }}");
    await visit.expecting(422, () => visit.press("Save"));
    await visit.sees(page.getByText("did you mean person.first_name?"));
    await visit.look("notice-refused");
    await page.getByLabel("Text", { exact: true }).fill("Hello {{ person.first_name }}, it is #{{ ticket.number }}.");
    await page.getByRole("button", { name: "Preview of the text" }).click();
    await visit.until("the preview shows it", async () => (await page.frameLocator("iframe[name=preview]").locator("body").innerText()).includes("Hello Hanako, it is #4127."));
    await visit.press("Save");
    await visit.told("It is sent so from now on");
    await visit.look("notice");
    await visit.press("Back to the shipped one");
    await visit.told("As it is shipped again");
  });
  await visit.step("writes a rule, tries it, and puts it away", async () => {
    await visit.follow("Rules");
    await visit.look("rules-empty");
    await visit.follow("New rule");
    await visit.look("rule-new");
    await page.getByLabel("Name", { exact: true }).fill(rule);
    await page.getByLabel("What, condition 1").fill("e");
    await page.getByLabel("Priority", { exact: true }).selectOption("high");
    await visit.press("Try it on the last 200");
    await visit.sees(page.getByText(/It would have held for \d+ of the last \d+ messages/));
    await visit.look("rule-tried");
    await visit.press("Save");
    await visit.sees(page.getByRole("link", { name: rule }));
    await visit.look("rules");
    await visit.press(`Switch off ${rule}`);
    await visit.follow(rule);
    await visit.press("Delete");
    await visit.told("Deleted");
  });
  await visit.step("looks at the mailboxes, and is told that a server is not there", async () => {
    await visit.follow("Mailboxes");
    await visit.look("mailboxes");
    await visit.follow("Add mailbox");
    await visit.look("mailbox-new");
    await page.getByLabel("Short name").fill("shop");
    await page.getByLabel("Address", { exact: true }).fill("shop@skerry.example");
    await page.getByLabel("Server (IMAP)").fill("127.0.0.1");
    await page.locator("[id='imap.port']").fill("9");
    await page.locator("[id='imap.user']").fill("shop");
    await page.locator("[id='imap.password']").fill("lantern");
    await page.getByLabel("Server (SMTP)").fill("127.0.0.1");
    await page.locator("[id='smtp.port']").fill("9");
    await visit.expecting(422, () => visit.press("Try and save"));
    await visit.sees(page.getByText("the connection fails"));
    await visit.look("mailbox-refused");
  });
  await visit.step("makes a token for a program, which asks with it, and revokes it", async () => {
    const name = `Report ${hold}`;
    await visit.follow("API tokens");
    await visit.look("tokens-empty");
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("It may do").selectOption("admin");
    await visit.press("Make token");
    await visit.sees(page.getByText("It is not shown again."));
    await visit.look("token-made");
    const token = await page.getByLabel("Token", { exact: true }).inputValue();
    if (!/^mdk_[a-z2-7]{52}$/.test(token)) throw new Error(`this is no token: ${token}`);
    if ((await page.getByRole("button", { name: "Copy" }).count()) !== (visit.script === "off" ? 0 : 1)) throw new Error("the copy button is not where script is");
    const asked = (path) => fetch(new URL(`/api/v1${path}`, page.url()), { headers: { authorization: `Bearer ${token}` } });
    const me = await (await asked("/me")).json();
    if (me.token.name !== name) throw new Error(`the API knows another token: ${JSON.stringify(me)}`);
    await visit.follow("I have kept it");
    if ((await page.content()).includes(token)) throw new Error("the token is shown twice");
    await visit.until("its use is noted", async () => { await page.reload(); return (await page.getByRole("row", { name }).innerText()).includes("127.0.0.1"); });
    await visit.look("tokens");
    await page.getByRole("button", { name: `Revoke ${name}` }).click();
    await visit.press("Revoke token", page.getByRole("form", { name: `Revoke ${name}` }));
    await visit.told("is refused from now on");
    if ((await asked("/me")).status !== 401) throw new Error("a revoked token opens something");
  });
  await visit.step("reads who changed what", async () => {
    await visit.follow("Audit log");
    await visit.sees(page.getByText(hold).first());
    await visit.look("audit");
    await page.locator("#f-kind").selectOption("rule");
    if (visit.script === "off") await visit.press("Apply");
    await visit.sees(page.getByText("switched off").first());
  });
}
