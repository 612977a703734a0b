// A helper's day: the queues, a ticket from end to end, held mail, a call that becomes a ticket.

import { mail, somebody } from "./desk.mjs";
import { ABORTED, DESK, PHONE } from "./visit.mjs";

const QUEUES = ["Unassigned", "Mine", "All open", "Waiting on customer", "Resolved", "Closed"];

export async function helper(desk, begin) {
  const visit = await begin("helper");
  await signsIn(visit, somebody(desk, "helper"));
  await looksAtEveryQueue(visit);
  await seesMailCome(visit, desk);
  await answersATicket(visit, desk);
  await setsItsProperties(visit);
  await changesManyAtOnce(visit);
  await searches(visit);
  await settlesHeldMail(visit);
  await opensATicket(visit);
  await looksElsewhere(visit);
  await choosesATheme(visit);
  await signsOut(visit);
}

async function signsIn(visit, me) {
  await visit.step("is refused with a wrong password", async () => {
    await visit.goTo("/login");
    await visit.look("sign-in");
    await visit.page.getByLabel("E-mail").fill(me.email);
    await visit.page.getByLabel("Password").fill("not this one");
    await visit.expecting(401, async () => {
      await visit.press("Sign in");
      await visit.sees(visit.page.getByRole("alert"));
    });
    await visit.look("sign-in-refused");
  });
  await visit.step("signs in", async () => {
    await visit.signIn(me);
    await visit.sees(visit.page.locator(".trow"));
  });
}

async function looksAtEveryQueue(visit) {
  for (const queue of QUEUES) {
    await visit.step(`looks at the queue ${queue}`, async () => {
      await visit.leadingOn(() => visit.page.locator(".nav li a", { hasText: queue }).click());
      await visit.sees(visit.page.getByRole("heading", { level: 1, name: queue }));
      await visit.look(`queue-${queue.toLowerCase().replaceAll(" ", "-")}`);
    });
  }
  await visit.step("filters a queue", async () => {
    await visit.goTo("/tickets?view=open");
    await visit.leadingOn(() => visit.page.getByLabel("Priority", { exact: true }).first().selectOption({ label: "High" }));
    if (!visit.page.url().includes("priority=high")) throw new Error("the choice of a priority is not in the address");
    await visit.sees(visit.page.locator(".trow .prio.high"));
    await visit.look("queue-filtered");
    await visit.follow("Clear");
  });
  await visit.step("opens the navigation on a phone", async () => {
    await visit.page.setViewportSize({ width: 390, height: 844 });
    await visit.page.getByRole("button", { name: "Menu" }).click();
    await visit.sees(visit.page.getByRole("link", { name: /^Mine/ }));
    await visit.page.screenshot({ path: `${visit.pictures}/helper-phone-navigation.png` });
    await visit.page.keyboard.press("Escape");
    await visit.page.setViewportSize({ width: 1440, height: 900 });
  });
}

async function seesMailCome(visit, desk) {
  await visit.step("sees new mail on an open list, which stays where it is", async () => {
    await visit.goTo("/tickets?view=unassigned");
    const rows = await visit.page.locator(".trow").count();
    const before = Number(await visit.page.locator("#n-unassigned").textContent());
    await mail(desk, "nora@home.example", "Is anybody there", "I only want to know.");
    await visit.sees(visit.page.getByRole("link", { name: /1 ticket is new or changed/ }));
    await visit.until("the count is one more", async () => Number(await visit.page.locator("#n-unassigned").textContent()) === before + 1);
    if ((await visit.page.locator(".trow").count()) !== rows) throw new Error("the list was shoved");
    await visit.look("queue-with-news");
    await visit.leadingOn(() => visit.page.locator("#newer").click());
    await visit.sees(visit.page.locator(".trow", { hasText: "Is anybody there" }));
  });
  await visit.step("sees on an open ticket that the customer wrote again", async () => {
    await visit.follow("Is anybody there");
    const number = new URL(visit.page.url()).pathname.split("/").pop();
    await mail(desk, "nora@home.example", `Re: [#${number}] Is anybody there`, "Hello?");
    await visit.sees(visit.page.getByRole("link", { name: /happened on this ticket/ }));
    await visit.leadingOn(() => visit.page.locator("#newer").click());
    await visit.sees(visit.page.locator(".msg", { hasText: "Hello?" }));
  });
}

/** The last entry of a conversation that has these words. */
const entry = (visit, words) => visit.page.locator(".msg").filter({ hasText: words }).last();

async function answersATicket(visit, desk) {
  const { page } = visit;
  await visit.step("opens a ticket that nobody has", async () => {
    await visit.goTo("/tickets?view=unassigned");
    await visit.leadingOn(() => page.locator(".trow .subj").first().click());
    await visit.sees(page.locator(".msg.in"));
    await visit.look("ticket");
  });
  await visit.step("takes it", async () => {
    await visit.press("Assign to me");
    await visit.told("Saved");
    await visit.sees(page.locator("#p-helper option:checked", { hasText: "Maya" }).locator("xpath=.."));
  });
  await visit.step("switches between reply and note", () => switchesWithoutAJump(visit));
  await visit.step("writes a note", async () => {
    await page.locator(".composer").getByText("Note", { exact: true }).click();
    await page.getByLabel("Your note").fill("Looked at the log of that night: the disk was full.");
    await visit.look("composer-note");
    await visit.press("Add note");
    await visit.told("no customer sees it");
    await visit.sees(entry(visit, "the disk was full").and(page.locator(".note")));
  });
  await visit.step("answers it, and sees the reply wait and then leave", async () => {
    await page.locator(".composer").getByText("Reply", { exact: true }).click();
    await page.getByLabel("Your reply").fill("Thank you for writing.\n\nWe made room on the disk; please try again.");
    await visit.look("composer-reply");
    await visit.press("Send reply");
    await visit.told("on its way");
    const reply = entry(visit, "We made room on the disk");
    await visit.sees(reply.locator(".deliv", { hasText: "Waiting" }));
    await visit.sees(reply.getByRole("button", { name: "Undo" }));
    await visit.page.setViewportSize({ width: 1440, height: 900 });
    await visit.page.screenshot({ path: `${visit.pictures}/helper-reply-waiting.png` });
    await visit.until("the reply is sent", async () => { await page.reload(); return reply.locator(".deliv", { hasText: "Sent" }).isVisible(); });
    await visit.look("ticket-answered");
    await page.emulateMedia({ media: "print" });
    if (await page.locator(".btn, .trouble").filter({ visible: true }).count()) throw new Error("buttons are printed");
    await page.emulateMedia({ media: "screen" });
  });
  await visit.step("finds it in the customer's mailbox", () => readsTheCustomersMailbox(visit, desk));
  await visit.step("takes a reply back while it waits", async () => {
    await page.getByLabel("Your reply").fill("This one goes to the wrong person.");
    await visit.press("Send reply");
    await visit.press("Undo", entry(visit, "the wrong person"));
    const typed = await page.getByLabel("Your reply").inputValue();
    if (!typed.includes("the wrong person")) throw new Error(`the composer holds “${typed}” instead of what was taken back`);
    if (await entry(visit, "the wrong person").count()) throw new Error("what was taken back is still in the conversation");
    await page.getByLabel("Your reply").fill("");
  });
}

async function readsTheCustomersMailbox(visit, desk) {
  const ticket = visit.page.url();
  const email = await visit.page.locator(".cust span.small").innerText();
  // The list asks for itself again every five seconds; held still, it can be looked at.
  await visit.context.route(`${desk.mailbox}/mailbox?*`, async route => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/<meta http-equiv="refresh"[^>]*>/, "") });
  });
  await visit.goTo(desk.mailbox);
  await visit.look("mailboxes");
  await visit.goTo(`${desk.mailbox}/mailbox?of=${encodeURIComponent(email)}`);
  await visit.look("mailbox");
  await visit.leadingOn(() => visit.page.locator(".plist a", { hasText: "Thank you for writing" }).first().click());
  await visit.sees(visit.page.getByText("We made room on the disk"));
  await visit.look("mailbox-mail");
  if ((await visit.page.content()).includes("the disk was full")) throw new Error("the note is in the customer's mail");
  await visit.goTo(ticket);
}

/** The composer on a phone stays as high as it is, whichever of the two it is set to. */
async function switchesWithoutAJump(visit) {
  const { page } = visit;
  await page.setViewportSize(PHONE);
  const choose = async kind => {
    await page.locator(".composer").getByText(kind, { exact: true }).click();
    return (await page.locator(".composer").boundingBox()).height;
  };
  const [reply, note, again] = [await choose("Reply"), await choose("Note"), await choose("Reply")];
  if (!(await page.locator("#then").isVisible())) throw new Error("what comes after sending is hidden on a phone");
  await page.setViewportSize(DESK);
  if (reply !== note || note !== again) throw new Error(`the composer is ${reply} px high for a reply, ${note} for a note, then ${again}`);
}

async function setsItsProperties(visit) {
  const { page } = visit;
  await visit.step("sets the priority", async () => {
    await visit.leadingOn(() => page.getByLabel("Priority", { exact: true }).selectOption("urgent"));
    await visit.told("priority Urgent");
  });
  await visit.step("changes the subject", async () => {
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("button", { name: "Change the subject" }).click();
    await page.screenshot({ path: `${visit.pictures}/helper-subject.png` });
    await page.locator("#subject").fill("Uploads stop at night");
    await visit.press("Save", page.locator("#subject-edit"));
    await visit.sees(page.getByRole("heading", { level: 1, name: "Uploads stop at night" }));
  });
  await visit.step("adds somebody who takes part, and removes them", async () => {
    await page.getByLabel("Address to add").fill("colleague@bell.example");
    await visit.press("Add", page.locator(".addperson"));
    await visit.told("take part from now on");
    await visit.press("Remove colleague", page.locator(".people"));
    await visit.told("sent nothing any more");
  });
  await visit.step("resolves it", async () => {
    await visit.leadingOn(() => page.getByLabel("Status", { exact: true }).selectOption("resolved"));
    await visit.told("status Resolved");
  });
  await visit.step("asks why a message is there", async () => {
    await page.locator(".msg.in").first().getByRole("button", { name: "More about this message" }).click();
    await page.screenshot({ path: `${visit.pictures}/helper-message-menu.png` });
    await visit.follow("Why, delivery, source");
    await visit.sees(page.getByRole("heading", { name: "Why is it here?" }));
    await visit.look("message");
    await visit.leadingOn(() => page.keyboard.press("u"));
  });
  await visit.step("looks where a message and a ticket could go", async () => {
    const ticket = new URL(page.url()).pathname;
    await page.locator(".msg.in").first().getByRole("button", { name: "More about this message" }).click();
    await visit.follow("Move…");
    await visit.look("move");
    await visit.goTo(`${ticket}/merge`);
    await visit.look("merge");
    await visit.goTo(ticket);
  });
  await visit.step("opens the list of keys by key", async () => {
    await page.keyboard.press("?");
    await visit.sees(page.getByRole("heading", { name: "Keyboard shortcuts" }));
    await visit.look("keys");
    await page.keyboard.press("Escape");
  });
}

async function changesManyAtOnce(visit) {
  await visit.step("changes two tickets at once", async () => {
    await visit.goTo("/tickets?view=unassigned");
    for (const at of [0, 1]) await visit.page.locator(".trow input").nth(at).check();
    await visit.sees(visit.page.locator("#bulk-n", { hasText: "2 tickets" }));
    await visit.look("queue-selected");
    await visit.page.locator("#b-prio").selectOption("low");
    await visit.press("Apply", visit.page.locator(".bulk"));
    await visit.told("Priority Low: 2 tickets.");
  });
}

async function searches(visit) {
  const search = async words => {
    await visit.page.keyboard.press("/");
    await visit.page.locator("#q").fill(words);
    await visit.leadingOn(() => visit.page.keyboard.press("Enter"));
  };
  await visit.step("searches", async () => {
    await search("uploads night");
    await visit.sees(visit.page.locator(".trow", { hasText: "Uploads stop at night" }));
    if (await visit.page.locator(".trow", { hasText: "wrong person" }).count()) throw new Error("the list still shows what was taken back");
    await visit.look("search");
    await search("zebra crossing xylophone");
    await visit.sees(visit.page.getByRole("heading", { name: "Nothing found" }));
    await visit.look("search-empty");
  });
}

async function settlesHeldMail(visit) {
  const { page } = visit;
  const rows = () => page.locator(".hrow");
  const opensTheFirst = () => visit.leadingOn(() => rows().first().locator(".subj").click());
  await visit.step("looks at held mail, and why one is held", async () => {
    await visit.leadingOn(() => page.locator(".nav li a", { hasText: "Held mail" }).click());
    await visit.sees(rows().first());
    await visit.look("held");
    await opensTheFirst();
    await visit.sees(page.getByRole("heading", { name: "Why is it held?" }));
    await visit.look("held-message");
  });
  await visit.step("opens a ticket from one, and undoes it", async () => {
    await visit.goTo("/held");
    const before = await rows().count();
    await opensTheFirst();
    await visit.press("Open a ticket");
    await visit.sees(page.locator(".flash.ok"));
    await page.screenshot({ path: `${visit.pictures}/helper-released.png` });
    await visit.press("Undo", page.locator(".flash"));
    await visit.sees(page.locator(".flash.ok"));
    await visit.goTo("/held");
    const after = await rows().count();
    if (after !== before) throw new Error(`${before} were held, and after one was opened and taken back ${after} are`);
  });
  await visit.step("selects by the keyboard, discards, and undoes it", async () => {
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await visit.sees(page.locator("#bulk-n", { hasText: "2 messages" }));
    await visit.look("held-selected");
    await visit.press("Discard", page.locator(".bulk"));
    await visit.sees(page.locator(".flash.ok", { hasText: "2 messages" }));
    await visit.goTo("/held?state=discarded");
    await visit.look("held-discarded");
    await rows().first().locator("input").check();
    await visit.press("Take back", page.locator(".bulk"));
    await visit.sees(page.locator(".flash.ok"));
  });
  await visit.step("says that a sender is always held, and takes it off again", async () => {
    await visit.goTo("/held");
    await opensTheFirst();
    await page.locator("#note").fill("sends offers alone");
    await visit.leadingOn(() => page.locator("button[value=hold-domain]").click());
    await visit.sees(page.locator(".flash.ok"));
    await visit.goTo("/senders");
    await visit.look("senders");
    await visit.leadingOn(() => page.locator("tbody button[value=remove]").first().click());
    await visit.sees(page.locator(".flash.ok"));
    await visit.goTo("/senders?list=removed");
    await visit.look("senders-removed");
  });
}

async function opensATicket(visit) {
  const { page } = visit;
  await visit.step("opens a ticket for somebody who called", async () => {
    await visit.goTo("/tickets");
    await visit.leadingOn(() => page.keyboard.press("c"));
    await visit.look("new-ticket");
    const customer = page.getByLabel("Customer’s e-mail");
    await customer.pressSequentially("ma");
    await page.locator("#customers option").first().waitFor({ state: "attached" });
    await customer.fill("ann@bell.example");
    await page.getByLabel("Customer’s name").fill("Ann Bell");
    await page.getByLabel("Subject", { exact: true }).fill("Called about her invoice");
    await page.getByLabel("First message", { exact: true }).fill("You asked for the invoice of October once more; it is attached.");
    await page.getByLabel("Attachments").setInputFiles({ name: "invoice.txt", mimeType: "text/plain", buffer: Buffer.from("Invoice 7\n") });
    await visit.press("Create and send");
    await visit.sees(page.getByRole("heading", { level: 1, name: "Called about her invoice" }));
    await visit.sees(page.locator(".files a", { hasText: "invoice.txt" }));
    await visit.look("ticket-new");
  });
  await visit.step("is told what a new ticket lacks", async () => {
    await visit.goTo("/tickets/new");
    await page.getByLabel("Customer’s e-mail").fill("ann@bell.example");
    await page.getByLabel("Copy to").fill("not an address");
    await page.getByLabel("Subject", { exact: true }).fill("x");
    await page.getByLabel("First message", { exact: true }).fill("x");
    await visit.expecting(422, () => visit.leadingOn(() => page.keyboard.press("Control+Enter")));
    await visit.sees(page.getByText("The ticket was not created."));
    await visit.look("new-ticket-refused");
    await page.getByLabel("First message", { exact: true }).fill("");
  });
}

async function looksElsewhere(visit) {
  await visit.step("looks at their own figures", async () => {
    await visit.leadingOn(() => visit.page.locator(".nav li a", { hasText: "Your figures" }).click());
    await visit.look("own-figures");
  });
  await visit.step("looks at mail health", async () => {
    await visit.leadingOn(() => visit.page.locator(".nav").getByRole("link", { name: /^Mail( |$)/ }).click());
    await visit.look("mail");
  });
  await visit.step("asks for what is not there or not theirs", async () => {
    await visit.expecting(404, () => visit.goTo("/tickets/99999"));
    await visit.look("error-404");
    await visit.expecting(403, () => visit.goTo("/users"));
    await visit.look("error-403");
  });
}

async function choosesATheme(visit) {
  const { page } = visit;
  const root = theme => page.locator(theme === "system" ? "html:not([data-theme])" : `html[data-theme=${theme}]`);
  await visit.step("chooses a theme that stays", async () => {
    await visit.goTo("/profile");
    await visit.look("profile");
    for (const [name, theme] of [["Light", "light"], ["Dark", "dark"], ["Same as system", "system"]]) {
      const saved = page.waitForResponse(it => it.request().redirectedFrom()?.url().endsWith("/profile/theme"));
      await page.locator(".userbtn").click();
      await page.locator("#me-menu").getByRole("button", { name, exact: true }).click();
      await root(theme).waitFor({ state: "attached" });
      await saved;
      await visit.expecting(ABORTED, () => page.reload()); // the script reads no answer to its choice
      await root(theme).waitFor({ state: "attached" });
    }
    await page.locator(".userbtn").click();
    await page.screenshot({ path: `${visit.pictures}/helper-account-menu.png` });
  });
}

async function signsOut(visit) {
  await visit.step("signs out", async () => {
    await visit.press("Sign out", visit.page.locator("#me-menu"));
    await visit.sees(visit.page.getByRole("button", { name: "Sign in" }));
    await visit.goTo("/tickets");
    await visit.sees(visit.page.getByRole("button", { name: "Sign in" }));
  });
}
