// The main actions in a browser that runs no script.

import { somebody } from "./desk.mjs";
import { answers } from "./rating.mjs";

export async function withoutScript(desk, begin) {
  await aHelper(await begin("plain-helper", { script: "off" }), somebody(desk, "helper"));
  await aCustomer(await begin("plain-customer", { script: "off" }), somebody(desk, "customer"));
  await answers(await begin("plain-asked", { script: "off" }), desk);
}

async function aHelper(visit, me) {
  const { page } = visit;
  const message = page.getByLabel("Your reply");
  await visit.step("signs in and opens a ticket", async () => {
    await visit.signIn(me);
    await visit.goTo("/tickets?view=unassigned");
    await visit.look("queue");
    await visit.leadingOn(() => page.locator(".trow .subj").first().click());
    await visit.look("ticket");
  });
  await visit.step("takes it, notes and answers", async () => {
    await visit.press("Assign to me");
    await visit.told("Saved");
    // A browser whose script is switched off for a test alone still folds the composer up: the press that opens it lands.
    await page.locator(".composer").getByText("Note", { exact: true }).click();
    await page.getByLabel("Your note").fill("A note by hand.");
    await visit.press("Add note");
    await visit.sees(page.locator(".msg.note", { hasText: "A note by hand." }));
    await message.fill("An answer by hand.");
    await visit.press("Send reply");
    await visit.sees(page.locator(".msg.out", { hasText: "An answer by hand." }).locator(".deliv", { hasText: "Waiting" }));
    await visit.press("Undo");
    if (!(await message.inputValue()).includes("An answer by hand.")) throw new Error("the composer lost what was taken back");
  });
  await visit.step("keeps a draft with a file, puts a saved reply in and looks at it, and sends it", async () => {
    const write = page.locator("#write-reply");
    await message.fill("Before you **unplug** it:");
    await page.locator("#markup-reply").selectOption("markdown");
    await page.locator("#pick-reply").setInputFiles({ name: "steps.txt", mimeType: "text/plain", buffer: Buffer.from("one, two") });
    await visit.press("Save draft", write);
    await visit.sees(write.locator(".chosen", { hasText: "steps.txt" }));
    await write.getByRole("button", { name: "Saved reply" }).click();
    await visit.leadingOn(() => page.locator("#canned [name=insert]", { hasText: "Anything else" }).click());
    if ((await message.inputValue()) !== "Before you **unplug** it:\n\nIs there anything else that we can do for you?") throw new Error(`no saved reply in “${await message.inputValue()}”`);
    await visit.press("Preview", write);
    await visit.sees(write.locator(".preview strong", { hasText: "unplug" }));
    await visit.look("draft");
    await visit.press("Remove steps.txt", write);
    if (await write.locator(".chosen li").count()) throw new Error("the file is still there");
    await visit.press("Send reply", write);
    await visit.sees(page.locator(".msg.out strong", { hasText: "unplug" }));
    if (await message.inputValue()) throw new Error("what was sent is still a draft");
  });
  await visit.step("sets status and priority", async () => {
    await page.getByLabel("Status", { exact: true }).selectOption("resolved");
    await page.getByLabel("Priority", { exact: true }).selectOption("high");
    await visit.press("Save", page.locator("#props"));
    await visit.told("status Resolved");
    await visit.sees(page.locator(".thead .prio.high"));
  });
  await visit.step("filters, and changes one of a list", async () => {
    await visit.goTo("/tickets?view=open");
    await page.getByLabel("Priority", { exact: true }).first().selectOption({ label: "Normal" });
    await visit.press("Apply", page.locator(".filters"));
    await page.locator(".trow input").first().check();
    await page.locator("#b-prio").selectOption("low");
    await visit.press("Apply", page.locator(".bulk"));
    await visit.told("1 ticket.");
    await visit.press("Undo");
    await visit.told("Taken back: 1 ticket.");
  });
  await visit.step("tags, snoozes, and goes on to the next", async () => {
    await visit.goTo("/tickets?view=open&sort=oldest");
    await visit.leadingOn(() => page.locator(".trow .subj").first().click());
    await page.getByLabel("Tags", { exact: true }).fill("by hand");
    await visit.press("Save", page.locator("#props"));
    await visit.sees(page.locator(".props .tag", { hasText: "by hand" }));
    await page.getByRole("button", { name: "Snooze", exact: true }).click();
    await visit.leadingOn(() => page.getByRole("button", { name: /^Tomorrow morning/ }).click());
    await visit.told("snoozed until tomorrow 09:00");
    await visit.press("Back now");
    await visit.press("Remove the tag by hand");
    await visit.told("no tag “by hand”");
    const number = new URL(page.url()).pathname;
    await visit.follow("Next ticket");
    if (new URL(page.url()).pathname === number) throw new Error("the next ticket is the same");
  });
  await visit.step("saves a view", async () => {
    await visit.goTo("/tickets?priority=high");
    await page.getByRole("button", { name: "Save view" }).click();
    await page.getByLabel("Name of the view").fill("By hand");
    await visit.press("Save view", page.locator("#save-view"));
    await visit.sees(page.getByRole("heading", { level: 1, name: "By hand" }));
  });
  await visit.step("searches", async () => {
    await page.locator("#q").fill("hand");
    await visit.leadingOn(() => page.locator("#q").press("Enter"));
    await visit.sees(page.getByRole("heading", { level: 1, name: /“hand”/ }));
  });
  await visit.step("releases held mail", async () => {
    await visit.goTo("/held");
    await page.locator(".hrow input").first().check();
    await visit.press("Open a ticket each", page.locator(".bulk"));
    await visit.sees(page.locator(".flash.ok"));
  });
  await visit.step("changes the theme and signs out", async () => {
    await page.locator(".userbtn").click();
    await visit.press("Light", page.locator("#me-menu"));
    await visit.sees(page.locator("html[data-theme=light]"));
    await page.locator(".userbtn").click();
    await visit.press("Same as system", page.locator("#me-menu"));
    await page.locator(".userbtn").click();
    await visit.press("Sign out", page.locator("#me-menu"));
    await visit.sees(page.getByRole("button", { name: "Sign in" }));
  });
}

async function aCustomer(visit, me) {
  const { page } = visit;
  await visit.step("signs in and writes on a request", async () => {
    await visit.signIn(me);
    await visit.leadingOn(() => page.locator(".plist a").first().click());
    await page.getByLabel("Your reply").fill("Written without script.");
    await visit.press("Send");
    await visit.sees(page.locator(".msg", { hasText: "Written without script." }));
    await visit.look("request");
  });
  await visit.step("closes it, opens it again, and asks something new", async () => {
    await visit.press("This is solved");
    await visit.press("Not solved: open again");
    await visit.goTo("/my/new");
    await page.getByLabel("Subject").fill("Asked by hand");
    await page.getByLabel("What happened?").fill("A question without script.");
    await visit.press("Send request");
    await visit.sees(page.locator(".msg", { hasText: "A question without script." }));
  });
}
