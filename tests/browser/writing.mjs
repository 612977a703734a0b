// Two people write on one ticket: each sees the other, no words are lost, and the customer gets one answer.

import { mail, somebody } from "./desk.mjs";
import { ABORTED } from "./visit.mjs";

export async function writing(desk, begin) {
  const maya = await begin("writing-maya"), elena = await begin("writing-elena");
  const ticket = await findTheTicket(maya, elena, desk);
  await seeEachOther(maya, elena);
  await oneIsFirst(maya, elena);
  await writesWithMarks(maya, ticket);
  await attaches(maya);
  await keepsADraft(maya, ticket, desk, begin);
  await usesASavedReply(maya);
  await namesAColleague(maya, elena);
  await setsSavedRepliesAndSignatures(elena);
}

const reply = visit => visit.page.getByLabel("Your reply");
/** A picture of one point. */
const DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const half = (visit, kind = "reply") => visit.page.locator(`#write-${kind}`);

async function findTheTicket(maya, elena, desk) {
  await maya.step("signs in, and opens a new ticket", async () => {
    await mail(desk, "ingrid@home.example", "The gauge leaks", "It leaks since the frost. What now?");
    await maya.signIn(somebody(desk, "helper"));
    await maya.goTo("/tickets?view=unassigned");
    await maya.until("the ticket is there", async () => { await maya.page.reload(); return maya.page.locator(".trow", { hasText: "The gauge leaks" }).isVisible(); });
    await maya.follow("The gauge leaks");
  });
  const ticket = new URL(maya.page.url()).pathname;
  await elena.step("opens the same ticket", async () => {
    await elena.signIn(somebody(desk, "admin"));
    await elena.goTo(ticket);
  });
  return ticket;
}

async function seeEachOther(maya, elena) {
  await maya.step("sees that somebody else has it open", () => maya.sees(maya.page.locator("#presence", { hasText: "has this ticket open" })));
  await elena.step("sees that somebody is replying, and in a list, too", async () => {
    await reply(maya).pressSequentially("Please close the");
    await elena.sees(elena.page.locator("#presence.writes", { hasText: "is replying to this ticket" }));
    await elena.look("presence");
    const list = await elena.context.newPage();
    await list.goto("/tickets?view=unassigned");
    await list.locator(".trow", { hasText: "The gauge leaks" }).getByRole("img", { name: /is writing$/ }).waitFor();
    await list.close();
  });
}

async function oneIsFirst(maya, elena) {
  await elena.step("answers first", async () => {
    await reply(elena).fill("Close the valve first.");
    await elena.page.keyboard.press("Control+Enter");
    await elena.told("on its way");
  });
  await maya.step("is stopped with her words and file kept, reads, and does not answer twice", async () => {
    await reply(maya).pressSequentially(" valve.");
    await maya.page.locator("#pick-reply").setInputFiles({ name: "valve.txt", mimeType: "text/plain", buffer: Buffer.from("turn right") });
    await maya.sees(half(maya).locator(".chosen", { hasText: "valve.txt" }));
    await maya.expecting(409, () => maya.press("Send reply"));
    await maya.told("wrote since you opened this page");
    await maya.sees(maya.page.locator(".msg.out", { hasText: "Close the valve first." }));
    if ((await reply(maya).inputValue()) !== "Please close the valve.") throw new Error(`the words are “${await reply(maya).inputValue()}”`);
    await maya.sees(half(maya).locator(".chosen", { hasText: "valve.txt" }));
    await maya.look("safety-catch");
    if ((await maya.page.locator(".msg.out").count()) !== 1) throw new Error("the customer was answered twice");
    await half(maya).getByRole("button", { name: "Remove valve.txt" }).click();
    await maya.until("the file is off", async () => !(await half(maya).locator(".chosen li").count()));
    await reply(maya).fill("");
    await maya.until("the draft is gone", async () => (await half(maya).locator(".kept").textContent()) === "");
  });
}

async function writesWithMarks(maya, ticket) {
  await maya.step("looks at what she writes as it will be read, and sends it", async () => {
    await maya.goTo(ticket);
    await maya.page.keyboard.press("r");
    await maya.page.locator("#markup-reply").selectOption("markdown");
    await reply(maya).fill("Then **wait**:\n\n- an hour\n- or <b>two</b>");
    await half(maya).getByRole("button", { name: "Preview" }).click();
    await maya.sees(half(maya).locator(".preview strong", { hasText: "wait" }));
    await maya.look("preview");
    await reply(maya).focus();
    await maya.leadingOn(() => maya.page.keyboard.press("Control+Enter"));
    await maya.sees(maya.page.locator(".msg.out li", { hasText: "or <b>two</b>" }));
  });
}

async function attaches(maya) {
  await maya.step("pastes a screenshot, drops a file, and is told what is too large", async () => {
    await maya.page.keyboard.press("n");
    const note = maya.page.getByLabel("Your note");
    await note.fill("As it looks:");
    await note.evaluate((area, png) => {
      const files = new DataTransfer();
      files.items.add(new File([Uint8Array.from(atob(png), it => it.charCodeAt(0))], "image.png", { type: "image/png" }));
      area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true }));
    }, DOT);
    await maya.sees(half(maya, "note").locator(".chosen", { hasText: /screenshot-.*\.png/ }));
    await half(maya, "note").evaluate(form => {
      const files = new DataTransfer();
      files.items.add(new File(["a;b"], "table.csv", { type: "text/csv" }));
      form.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    });
    await maya.sees(half(maya, "note").locator(".chosen", { hasText: "table.csv" }));
    await half(maya, "note").evaluate(form => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(26_000_000)], "film.mp4", { type: "video/mp4" }));
      form.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    });
    await maya.sees(maya.page.locator("#composer-said", { hasText: "at most 25 MB" }));
    await maya.look("files");
    await half(maya, "note").getByRole("button", { name: "Add note", exact: true }).click();
    await maya.sees(maya.page.locator("#composer-said", { hasText: "Not sent." }));
    await maya.press("Add note");
    await maya.sees(maya.page.locator(".msg.note .files", { hasText: "table.csv" }));
    const shown = maya.page.locator(".msg.note .thumb[target=_blank] img");
    await shown.scrollIntoViewIfNeeded();
    await maya.until("the screenshot is shown", () => shown.evaluate(it => it.naturalWidth > 0));
    const { width, height } = await shown.boundingBox();
    if (width !== 160 || height !== 120) throw new Error(`the screenshot is shown ${width} × ${height}`);
    await maya.look("picture");
  });
}

/** Nobody is signed in: the script asks the desk who it is, and reads no page that asks to sign in. */
const refused = (visit, does) => visit.expecting(403, () => visit.expecting(ABORTED, does));

async function keepsADraft(maya, ticket, desk, begin) {
  await maya.step("begins a reply, and leaves", async () => {
    await maya.page.keyboard.press("r");
    await reply(maya).fill("To be continued elsewhere");
    await maya.goTo("/tickets?view=open");
    await maya.until("the row says so", async () => { await maya.page.reload(); return maya.page.locator(".trow", { hasText: "The gauge leaks" }).getByText("Draft").isVisible(); });
  });
  const elsewhere = await begin("writing-elsewhere");
  await elsewhere.step("goes on on another machine", async () => {
    await elsewhere.signIn(somebody(desk, "helper"));
    await elsewhere.goTo(ticket);
    if ((await reply(elsewhere).inputValue()) !== "To be continued elsewhere") throw new Error("the draft is not there");
    await elsewhere.page.keyboard.press("r");
    await elsewhere.page.keyboard.type(", and on");
    if ((await reply(elsewhere).inputValue()) !== "To be continued elsewhere, and on") throw new Error(`r goes on in “${await reply(elsewhere).inputValue()}”`);
  });
  await elsewhere.step("is signed out while she writes, and loses nothing", async () => {
    const cookies = await elsewhere.context.cookies();
    await elsewhere.context.clearCookies();
    await refused(elsewhere, async () => {
      await reply(elsewhere).fill("To be continued elsewhere, at length");
      await elsewhere.sees(elsewhere.page.locator("#composer-said", { hasText: "Kept in this browser alone" }));
      if (await half(elsewhere).locator(".kept").isVisible()) throw new Error("it is said to be saved, too");
    });
    await elsewhere.context.addCookies(cookies);
    await elsewhere.goTo(ticket);
    if ((await reply(elsewhere).inputValue()) !== "To be continued elsewhere, at length") throw new Error("words were lost");
    await elsewhere.until("the desk has it again", async () => (await half(elsewhere).locator(".kept").textContent()).startsWith("Draft saved"));
    await reply(elsewhere).fill("");
    await elsewhere.until("the draft is gone", async () => (await half(elsewhere).locator(".kept").textContent()) === "");
  });
  await elsewhere.step("signs in again in another tab, and goes on where she was", async () => {
    const other = await elsewhere.context.newPage();
    await elsewhere.context.clearCookies();
    await refused(elsewhere, async () => {
      await reply(elsewhere).fill("Said as somebody");
      await elsewhere.sees(elsewhere.page.locator("#composer-said", { hasText: "you are signed out" }));
      await elsewhere.page.keyboard.press("Control+Enter");
      await elsewhere.sees(elsewhere.page.locator("#composer-said", { hasText: "Not sent." }));
      const me = somebody(desk, "helper");
      await other.goto("/login");
      await other.getByLabel("E-mail").fill(me.email);
      await other.getByLabel("Password").fill(me.password);
      await other.keyboard.press("Enter");
      await other.waitForURL(url => url.pathname !== "/login");
      await reply(elsewhere).fill("Said as somebody new");
      await elsewhere.sees(half(elsewhere).locator(".kept", { hasText: "Draft saved" }));
    });
    await other.close();
    await reply(elsewhere).fill("");
    await elsewhere.until("the draft is gone", async () => (await half(elsewhere).locator(".kept").textContent()) === "");
  });
  await maya.step("comes back", () => maya.goTo(ticket));
}

async function usesASavedReply(maya) {
  await maya.step("puts a saved reply where the cursor is, by keys alone", async () => {
    const { page } = maya;
    await page.keyboard.press("l");
    await maya.sees(page.getByLabel("Find a saved reply"));
    await page.screenshot({ path: `${maya.pictures}/writing-saved-replies.png` });
    await page.keyboard.type("else");
    await page.keyboard.press("Enter");
    await maya.until("it is put in", async () => (await reply(maya).inputValue()).includes("anything else"));
    if ((await reply(maya).inputValue()).includes("{{")) throw new Error("a placeholder is not filled in");
    await page.keyboard.press("Control+Shift+Enter");
    await maya.told("on its way");
    await maya.sees(page.locator(".thead .status", { hasText: "Resolved" }));
  });
}

async function namesAColleague(maya, elena) {
  await maya.step("names a colleague in a note", async () => {
    const { page } = maya, note = page.getByLabel("Your note");
    await page.keyboard.press("n");
    await note.pressSequentially("Ask @el");
    await maya.sees(page.locator("#handles [role=option]", { hasText: "Elena" }));
    await page.screenshot({ path: `${maya.pictures}/writing-colleagues.png` });
    await page.keyboard.press("Enter");
    if (!(await note.inputValue()).startsWith("Ask @elena ")) throw new Error(`the note says “${await note.inputValue()}”`);
    await maya.press("Add note");
    await maya.sees(page.locator(".msg.note .named", { hasText: "@elena" }));
    await maya.look("named");
  });
  await elena.step("finds her note", async () => {
    await elena.page.reload();
    await elena.sees(elena.page.locator(".msg.note .named", { hasText: "@elena" }));
  });
}

async function setsSavedRepliesAndSignatures(elena) {
  const { page } = elena;
  await elena.step("keeps a saved reply, is told of a placeholder that does not exist, and mends it", async () => {
    await elena.goTo("/settings/canned");
    await elena.look("saved-replies");
    await elena.follow("New");
    await page.getByLabel("Name", { exact: true }).fill("Frost");
    await page.getByLabel("Text", { exact: true }).fill("Hello {{ customer.nickname }}, drain it.");
    await elena.expecting(422, () => elena.press("Save"));
    await elena.sees(page.getByText("there is no placeholder {{ customer.nickname }}", { exact: false }));
    await elena.look("saved-reply-refused");
    await page.getByLabel("Text", { exact: true }).fill("Hello {{ customer.first_name }}, drain it.");
    await elena.press("Save");
    await elena.told("Saved: “Frost”");
    await elena.follow("Frost");
    await elena.press("Remove");
    await elena.press("Undo");
    await elena.sees(page.getByRole("link", { name: "Frost" }));
  });
  await elena.step("sets signatures", async () => {
    await elena.goTo("/settings/signatures");
    await elena.look("signatures");
    await elena.goTo("/profile");
    await page.getByLabel("Signature", { exact: true }).fill("{{ helper.first_name }}\nSkerry Instruments");
    await elena.press("Save", page.locator("#signature"));
    await elena.told("Your signature is saved");
    await elena.sees(page.locator("#signature .mailprev", { hasText: "Elena" }));
    await elena.look("profile-signature");
  });
}
