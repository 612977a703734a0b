// A morning at the queue by keys: choosing, changing and taking back, tags, snoozing, held mail; and by mouse, where that is shorter:
// linked tickets, another mailbox, saved views, and an admin who keeps the tags in order.

import { somebody } from "./desk.mjs";

export async function queue(desk, begin) {
  const visit = await begin("queue");
  await visit.step("signs in", () => visit.signIn(somebody(desk, "admin")));
  await choosesAndTakesBack(visit);
  await goesThroughTheList(visit);
  await tagsAndSnoozes(visit);
  await linksTickets(visit);
  await movesToAnotherMailbox(visit);
  await settlesHeldMailByKeys(visit);
  await comesAndGoes(visit);
  await losesTheNews(visit);
  await savesAView(visit);
  await keepsTagsInOrder(visit);
}

const key = (visit, ...keys) => keys.reduce((before, it) => before.then(() => visit.page.keyboard.press(it)), Promise.resolve());
/** The row that has the focus. */
const here = visit => visit.page.evaluate(() => document.activeElement.closest(".trow")?.id ?? "");
const rows = visit => visit.page.locator(".trow");

function same(is, should, what) {
  if (is !== should) throw new Error(`${what} is ${is} instead of ${should}`);
}

async function choosesAndTakesBack(visit) {
  const { page } = visit;
  await visit.step("moves, selects up to here, and sets a priority", async () => {
    await visit.goTo("/tickets?view=open");
    const [first, , third] = await rows(visit).evaluateAll(all => all.map(it => it.id));
    await key(visit, "j");
    same(await here(visit), first, "the row after one j");
    await key(visit, "x", "j", "j", "Shift+X");
    same(await here(visit), third, "the row after three j");
    same(await page.locator("#bulk-n").textContent(), "3 tickets", "the selection");
    await visit.look("selected");
    await key(visit, "p");
    await page.keyboard.type("Urgent");
    await visit.leadingOn(() => key(visit, "Enter"));
    await visit.told("Priority Urgent: 3 tickets.");
    same(await page.locator(".trow .prio.urgent").count() >= 3, true, "that they are urgent");
    await visit.look("changed");
  });
  await visit.step("selects all of the page, and none of it, by key and by mouse", async () => {
    const ticked = page.locator(".trow input:checked"), all = await rows(visit).count();
    await key(visit, "*");
    same(await ticked.count(), all, "the selection of all");
    await key(visit, "Escape");
    same(await ticked.count(), 0, "the selection after Esc");
    await rows(visit).locator("input").first().check();
    await page.getByLabel("All", { exact: true }).check();
    same(await ticked.count(), all, "the selection of all");
    await page.getByLabel("All", { exact: true }).uncheck();
    same(await ticked.count(), 0, "the selection after none");
  });
  await visit.step("takes it back with one key", async () => {
    await visit.leadingOn(() => key(visit, "Shift+Z"));
    await visit.told("Taken back: 3 tickets.");
  });
  await visit.step("sets a status of the row that has the focus", async () => {
    await key(visit, "j");
    const row = await here(visit);
    await key(visit, "s");
    await page.keyboard.type("Res");
    await visit.leadingOn(() => key(visit, "Enter"));
    await visit.told("Status Resolved: 1 ticket.");
    same(await page.locator(`#${row}`).count(), 0, "the resolved row");
    await visit.leadingOn(() => key(visit, "Shift+Z"));
    await visit.told("Taken back: 1 ticket.");
    await visit.sees(page.locator(`#${row}`));
  });
}

async function goesThroughTheList(visit) {
  const { page } = visit;
  await visit.step("opens a row and goes on to its neighbours", async () => {
    await visit.goTo("/tickets?view=open&sort=oldest");
    const [first, second] = await rows(visit).evaluateAll(all => all.map(it => it.id.slice(1)));
    await key(visit, "j");
    await visit.leadingOn(() => key(visit, "Enter"));
    await visit.sees(page.locator(".bar", { hasText: "1 of " }));
    await visit.leadingOn(() => key(visit, "j"));
    same(new URL(page.url()).pathname, `/tickets/${second}`, "the ticket after j");
    await visit.leadingOn(() => key(visit, "k"));
    same(new URL(page.url()).pathname, `/tickets/${first}`, "the ticket after k");
  });
  await visit.step("comes back to the row that it was", async () => {
    const number = new URL(page.url()).pathname.split("/").pop();
    await visit.leadingOn(() => key(visit, "u"));
    same(page.url().includes("sort=oldest"), true, "that the list is sorted as before");
    await visit.until(`the row of ${number} has the focus`, async () => (await here(visit)) === `t${number}`, 5);
  });
}

async function tagsAndSnoozes(visit) {
  const { page } = visit;
  await visit.step("puts a tag on", async () => {
    await visit.leadingOn(() => key(visit, "Enter"));
    await key(visit, "t");
    await page.keyboard.type("Storm damage");
    await visit.leadingOn(() => key(visit, "Enter"));
    await visit.told("tag “Storm damage”");
    await visit.sees(page.locator(".props .tag", { hasText: "Storm damage" }));
    same(page.url().includes("sort%3Doldest"), true, "that the list is kept");
    await visit.look("tagged");
  });
  await visit.step("leaves a tag half typed, and sets a priority", async () => {
    await key(visit, "t");
    await page.keyboard.type("half");
    await key(visit, "Escape");
    same(await page.locator("#p-tag").inputValue(), "", "the tag after Esc");
    await page.locator("#p-tag").fill("half");
    await visit.leadingOn(() => page.getByLabel("Priority", { exact: true }).selectOption("low"));
    await visit.told("Saved: priority Low.");
  });
  await visit.step("puts it off until tomorrow, and back", async () => {
    await key(visit, "z");
    await visit.sees(page.locator("#snooze:popover-open"));
    same(await page.evaluate(() => document.activeElement.closest("button")?.form.id), "snooze", "where the focus is");
    await page.screenshot({ path: `${visit.pictures}/queue-snooze.png` });
    await visit.leadingOn(() => page.getByRole("button", { name: /^Tomorrow morning/ }).press("Enter"));
    await visit.told("snoozed until tomorrow 09:00");
    await visit.look("snoozed-ticket");
    await visit.leadingOn(() => key(visit, "g", "s"));
    await visit.sees(rows(visit).filter({ hasText: "tomorrow 09:00" }));
    await visit.look("snoozed");
    await key(visit, "j", "z");
    await page.locator("#b-snooze").selectOption("back");
    await visit.leadingOn(() => page.locator("#b-snooze").press("Enter"));
    await visit.told("Back in its queue: 1 ticket.");
  });
  await visit.step("filters by the tag", async () => {
    await visit.leadingOn(() => key(visit, "g", "o"));
    await visit.leadingOn(() => page.locator("#f-tag").selectOption({ label: "Storm damage" }));
    await visit.sees(rows(visit).locator(".tag", { hasText: "Storm damage" }));
    same(await rows(visit).count(), 1, "the tickets with the tag");
  });
}

async function linksTickets(visit) {
  const { page } = visit;
  await visit.step("links two tickets, goes from one to the other, and parts them", async () => {
    await visit.goTo("/tickets?view=open&sort=oldest");
    const [one, other] = await rows(visit).evaluateAll(all => all.map(it => it.id.slice(1)));
    await visit.leadingOn(() => page.locator(`#t${one} .subj`).click());
    await page.getByLabel("Number of a ticket to link").fill(`#${other}`);
    await visit.leadingOn(() => page.getByLabel("Number of a ticket to link").press("Enter"));
    await visit.told(`#${other} is linked; its page leads here, too.`);
    await visit.look("linked");
    const linked = page.getByRole("form", { name: "Linked tickets" });
    await visit.leadingOn(() => linked.getByRole("link", { name: `#${other}` }).click());
    same(new URL(page.url()).pathname, `/tickets/${other}`, "the ticket that is linked");
    await visit.press(`Unlink #${one}`, linked);
    await visit.told(`#${one} is linked no more.`);
    same(await linked.count(), 0, "what is still linked");
  });
  await visit.step("is told why something is no number of a ticket", async () => {
    await visit.expecting(422, async () => {
      await page.getByLabel("Number of a ticket to link").fill("next week");
      await visit.leadingOn(() => page.getByLabel("Number of a ticket to link").press("Enter"));
      await visit.sees(page.locator(".flash.bad"));
    });
    await visit.look("not-linked");
  });
}

async function movesToAnotherMailbox(visit) {
  const { page } = visit;
  await visit.step("moves a ticket to another mailbox, and takes it back", async () => {
    await visit.goTo("/tickets?view=open&sort=oldest");
    await visit.leadingOn(() => rows(visit).first().locator(".subj").click());
    const choice = page.getByLabel("Mailbox", { exact: true }), was = await choice.inputValue();
    const other = await choice.locator("option:not(:checked)").first().getAttribute("value");
    await visit.leadingOn(() => choice.selectOption(other));
    await visit.told("Saved: mailbox ");
    same(await choice.inputValue(), other, "the mailbox after the choice");
    await visit.look("moved");
    await visit.leadingOn(() => key(visit, "Shift+Z"));
    same(await choice.inputValue(), was, "the mailbox after the undo");
  });
  await visit.step("moves two at once, and takes them back", async () => {
    await visit.goTo("/tickets?view=open");
    const filter = page.locator("#f-mailbox");
    const [from, to] = await filter.locator("option").evaluateAll(all => all.map(it => it.value).filter(Boolean));
    const total = async () => Number(await page.locator("#total").textContent());
    await visit.leadingOn(() => filter.selectOption(from));
    const before = await total();
    await key(visit, "j", "x", "j", "x");
    await page.getByRole("button", { name: "More" }).click();
    const menu = page.locator("#b-more");
    await menu.getByLabel("Move to mailbox").selectOption(to);
    await page.screenshot({ path: `${visit.pictures}/queue-move.png` });
    await visit.press("Apply", menu);
    await visit.sees(page.locator(".flash.ok", { hasText: "2 tickets" }));
    same(await total(), before - 2, "the tickets that stayed in the mailbox");
    await visit.leadingOn(() => key(visit, "Shift+Z"));
    await visit.told("Taken back: 2 tickets.");
    same(await total(), before, "the tickets of the mailbox after the undo");
  });
}

async function settlesHeldMailByKeys(visit) {
  const { page } = visit;
  await visit.step("discards held mail by a key, and lets it wait again", async () => {
    await visit.goTo("/held");
    const id = await page.locator(".hrow").first().getAttribute("id");
    await key(visit, "j");
    await visit.leadingOn(() => key(visit, "Enter"));
    await visit.leadingOn(() => key(visit, "d"));
    await visit.sees(page.locator(".flash.ok", { hasText: "It stays among the discarded" }));
    await visit.goTo("/held?state=discarded");
    await page.locator(`#${id} input`).check();
    await visit.leadingOn(() => key(visit, "b"));
    await visit.sees(page.locator(".flash.ok"));
    await visit.goTo("/held");
    await visit.sees(page.locator(`#${id}`));
  });
  await visit.step("opens a ticket from one by a key, and goes to the number to join another by", async () => {
    await visit.goTo("/held");
    // The newest names somebody who could be answered.
    await visit.leadingOn(() => page.locator(".hrow .subj").first().click());
    await key(visit, "m");
    same(await page.evaluate(() => document.activeElement.id), "number", "the field after m");
    await key(visit, "Escape");
    await visit.leadingOn(() => key(visit, "o"));
    await visit.sees(page.locator(".flash.ok", { hasText: "was opened from the held message" }));
    await visit.press("Undo", page.locator(".flash"));
    await visit.sees(page.locator(".flash.ok"));
  });
}

async function comesAndGoes(visit) {
  const { page } = visit;
  await visit.step("goes everywhere by two keys, and is told what works where", async () => {
    for (const [second, heading] of [["u", "Unassigned"], ["m", "Mine"], ["o", "All open"], ["w", "Waiting on customer"], ["r", "Resolved"], ["c", "Closed"], ["s", "Snoozed"], ["h", "Held mail"]]) {
      await visit.leadingOn(() => key(visit, "g", second));
      await visit.sees(page.getByRole("heading", { level: 1, name: heading }));
    }
    await visit.goTo("/tickets?view=open");
    await key(visit, "Shift+?");
    await visit.sees(page.locator("#keys section", { hasText: "Selected tickets" }));
    same(await page.locator("#keys section:visible", { hasText: "Composer" }).count(), 0, "help about a composer that is not there");
    await visit.look("keys");
    await key(visit, "Escape", "/");
    same(await page.evaluate(() => document.activeElement.id), "q", "the field after /");
    await key(visit, "Escape");
    await visit.leadingOn(() => key(visit, "c"));
    await visit.sees(page.getByRole("heading", { level: 1, name: "New ticket" }));
  });
}

const NEWS = url => url.pathname === "/events";

/** What answers for the desk is not it; then it is the desk, to which nobody is signed in; then all is well. */
async function losesTheNews(visit) {
  const { page } = visit;
  const answers = status => page.route(NEWS, route => route.fulfill({ status, contentType: "text/html", body: "no" }));
  await visit.step("gets news again after a gateway's refusal, and is told when she is signed out", async () => {
    await answers(502);
    await visit.expecting(502, async () => {
      const asked = method => page.waitForRequest(it => it.url().includes("/events?") && it.method() === method, { timeout: 30_000 });
      const why = asked("HEAD");
      await visit.goTo("/tickets?view=open");
      await why;
      await asked("GET");
    });
    await page.unroute(NEWS);
    await answers(401);
    await visit.expecting(401, async () => {
      await visit.goTo("/tickets?view=open");
      await visit.sees(page.locator(".offline", { hasText: "You are signed out." }));
      same(await page.locator(".offline").getByRole("link", { name: "Sign in" }).getAttribute("href"), "/login?next=%2Ftickets%3Fview%3Dopen", "where signing in leads");
      await visit.look("signed-out");
    });
    await page.unroute(NEWS);
  });
}

async function savesAView(visit) {
  const { page } = visit;
  await visit.step("saves a view", async () => {
    await visit.goTo("/tickets?priority=high&sort=oldest");
    await page.getByRole("button", { name: "Save view" }).click();
    same(await page.evaluate(() => document.activeElement.id), "view-name", "where the focus is");
    await page.screenshot({ path: `${visit.pictures}/queue-save-view.png` });
    await page.getByLabel("Name of the view").fill("High, oldest first");
    await visit.press("Save view", page.locator("#save-view"));
    await visit.sees(page.getByRole("heading", { level: 1, name: "High, oldest first" }));
    await visit.sees(page.locator(".nav a[aria-current=page]", { hasText: "High, oldest first" }));
    await visit.look("saved-view");
  });
  await visit.step("renames and deletes it, and takes that back", async () => {
    await visit.goTo("/views");
    await page.getByRole("button", { name: "Rename High, oldest first" }).click();
    await page.getByLabel("Name", { exact: true }).fill("High ones");
    await visit.press("Save", page.locator(".menu:popover-open"));
    await visit.sees(page.locator(".nav a", { hasText: "High ones" }));
    await visit.look("views");
    await visit.press("Delete High ones");
    await visit.told("“High ones” is deleted");
    await visit.press("Undo");
    await visit.told("Saved as “High ones”");
  });
}

async function keepsTagsInOrder(visit) {
  const { page } = visit;
  await visit.step("adds, merges and deletes tags", async () => {
    await visit.goTo("/settings/tags");
    await page.getByLabel("Name", { exact: true }).first().fill("weather");
    await visit.press("Add");
    await visit.told("There is a tag “weather” now.");
    await visit.look("tags");
    await page.getByRole("button", { name: "Change Storm damage" }).click();
    await page.screenshot({ path: `${visit.pictures}/queue-tag.png` });
    const menu = page.locator(".menu:popover-open");
    await menu.getByLabel("Merge into").selectOption({ label: "weather" });
    await visit.press("Merge", menu);
    await visit.told("Merged: 1 ticket had it");
    await page.getByRole("button", { name: "Change weather" }).click();
    await visit.leadingOn(() => page.locator(".menu:popover-open button[value=delete]").click());
    await visit.told("Deleted: 1 ticket had it.");
  });
}
