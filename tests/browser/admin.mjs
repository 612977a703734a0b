// An admin: people, mail health, figures and their CSV.

import { readFileSync } from "node:fs";

import { somebody } from "./desk.mjs";
import { ABORTED } from "./visit.mjs";

export async function admin(desk, begin) {
  const visit = await begin("admin");
  await visit.step("signs in", () => visit.signIn(somebody(desk, "admin")));
  await managesPeople(visit);
  await looksAtMail(visit);
  await setsHours(visit);
  await looksAtFigures(visit);
}

async function setsHours(visit) {
  const { page } = visit;
  await visit.step("looks at the hours and the promises", async () => {
    await visit.leadingOn(() => page.locator(".nav li a", { hasText: "Settings" }).click());
    await visit.goTo("/settings/hours");
    await visit.sees(page.getByRole("heading", { name: "Working hours" }));
    await visit.look("hours");
  });
  await visit.step("gives Monday a lunch break, and Saturday a morning", async () => {
    await page.getByLabel("Monday to", { exact: true }).fill("12:00");
    await page.getByLabel("Monday from, 2", { exact: true }).fill("13:00");
    await visit.expecting(422, () => visit.press("Save"));
    await visit.sees(page.getByText("Monday: hours need a beginning and an end."));
    await visit.look("hours-refused");
    await page.getByLabel("Monday to, 2", { exact: true }).fill("17:00");
    if (await page.getByLabel("Saturday from", { exact: true }).isVisible()) throw new Error("a closed day shows its hours");
    await page.getByLabel("Saturday", { exact: true }).check();
    await page.getByLabel("Saturday from", { exact: true }).fill("09:00");
    await page.getByLabel("Saturday to", { exact: true }).fill("12:00");
    await visit.press("Save");
    await visit.told("are saved");
    if ((await page.getByLabel("Monday from, 2", { exact: true }).inputValue()) !== "13:00") throw new Error("the lunch break was lost");
  });
  await visit.step("promises less", async () => {
    const promise = page.getByLabel("Normal: first reply", { exact: true });
    await promise.fill("tomorrow");
    await visit.expecting(422, () => visit.press("Save", page.locator("form[action='/settings/promises']")));
    await visit.look("promises-refused");
    await promise.fill("6 h");
    await visit.press("Save", page.locator("form[action='/settings/promises']"));
    await visit.told("The promises are saved");
  });
  await visit.step("gives a mailbox hours of its own, and takes them away", async () => {
    await visit.leadingOn(() => page.locator(".settings .tabs a", { hasText: "@" }).first().click());
    await visit.look("hours-of-a-mailbox");
    await page.getByText("Around the clock", { exact: true }).click();
    await visit.press("Save");
    await visit.told("are saved");
    await visit.press("Go by the desk’s hours");
    await visit.told("goes by the desk’s hours again");
  });
}

async function managesPeople(visit) {
  const { page } = visit;
  await visit.step("looks at the users", async () => {
    await visit.leadingOn(() => page.locator(".nav li a", { hasText: "Users" }).click());
    await visit.sees(page.getByRole("link", { name: /Maya Lindqvist/ }));
    await visit.look("users");
    await visit.leadingOn(() => page.locator(".tabs a", { hasText: "Customers" }).click());
    await visit.look("users-customers");
  });
  await visit.step("adds one", async () => {
    await visit.goTo("/users/new");
    await visit.look("user-new");
    await page.getByLabel("Name", { exact: true }).fill("Tove Dahl");
    await page.getByLabel("E-mail", { exact: true }).fill("tove@skerry.example");
    await page.getByLabel("With a password").check();
    await page.getByLabel("Password", { exact: true }).fill("short");
    await visit.expecting(422, () => visit.press("Add user"));
    await visit.sees(page.getByText("Nobody was added."));
    await visit.look("user-new-refused");
    await page.getByLabel("Password", { exact: true }).fill("violet-anchor-meadow-nine");
    await visit.press("Add user");
    await visit.sees(page.locator(".flash.ok"));
  });
  await visit.step("disables and enables them", async () => {
    await visit.goTo("/users");
    await visit.leadingOn(() => page.getByRole("link", { name: /Tove Dahl/ }).click());
    await visit.look("user");
    await visit.press("Disable");
    await visit.told("Disabled");
    await visit.look("user-disabled");
    await visit.press("Enable");
    await visit.sees(page.locator(".flash.ok"));
  });
}

async function looksAtMail(visit) {
  const { page } = visit;
  await visit.step("looks at mail health", async () => {
    await visit.leadingOn(() => page.locator(".nav").getByRole("link", { name: /^Mail( |$)/ }).click());
    await visit.sees(page.getByRole("heading", { name: "support@skerry.example" }));
    await visit.look("mail");
    await visit.follow("Not delivered");
    await visit.look("mail-not-delivered");
  });
  await visit.step("looks at every message that arrived, and into one", async () => {
    await visit.follow("Every message");
    await visit.sees(page.getByRole("heading", { level: 1 }));
    await visit.look("messages");
    await visit.leadingOn(() => page.locator("tbody a[href^='/mail/messages/']").first().click());
    await visit.look("message");
  });
}

async function looksAtFigures(visit) {
  const { page } = visit;
  await visit.step("looks at the figures", async () => {
    await visit.leadingOn(() => page.locator(".nav li a", { hasText: "Analytics" }).click());
    await visit.sees(page.locator("svg.chart"));
    await visit.look("analytics");
    await tips(visit);
    for (const table of await page.locator(".astable summary").all()) await table.click();
    await visit.look("analytics-tables");
    const choice = page.getByLabel("Period", { exact: true });
    const other = await choice.locator("option:not(:checked)").first().getAttribute("value");
    await visit.leadingOn(() => choice.selectOption(other));
    await visit.look("analytics-other-period");
    const priority = page.getByLabel("Priority", { exact: true });
    await visit.leadingOn(() => priority.selectOption("urgent"));
    await visit.look("analytics-urgent");
    await visit.leadingOn(() => page.getByRole("link", { name: "Clear" }).click());
    if ((await priority.inputValue()) !== "") throw new Error("the filter stands although it was cleared");
  });
  await visit.step("takes a table away as CSV", async () => {
    for (const name of await page.locator("a[download]").evaluateAll(links => links.map(it => it.getAttribute("aria-label")))) {
      await visit.expecting(ABORTED, async () => {
        const [file] = await Promise.all([page.waitForEvent("download"), page.getByLabel(name, { exact: true }).first().click()]);
        const lines = readFileSync(await file.path(), "utf8").trim().split("\r\n");
        const columns = lines[0].split(",").length;
        if (lines.length < 2 || columns < 2) throw new Error(`${name} (${file.suggestedFilename()}) begins with “${lines[0]}” and has ${lines.length} lines`);
      });
      // Chromium says nothing and does nothing about the eleventh download that a page asks for within a second.
      await page.waitForTimeout(150);
    }
  });
}

/** Every chart says, of the place that is pointed at, what its table says of it. */
async function tips(visit) {
  const { page } = visit;
  const charts = page.locator(".card .body").filter({ has: page.locator(".chart .col, .chart.heat") });
  for (const chart of await charts.all()) {
    const wanted = await chart.evaluate(it => {
      const [heads, ...rows] = [...it.querySelector("table").rows].map(row => [...row.cells].map(cell => cell.textContent));
      const steps = it.querySelectorAll(".col").length;
      if (!steps) return `${rows.at(-1)[0]} ${heads.at(-1)}: ${rows.at(-1).at(-1)}`;
      if (steps !== rows.length) throw new Error(`${steps} steps beside ${rows.length} rows`);
      return rows.at(-1).map((cell, n) => (n ? heads[n] : "") + cell).join("");
    });
    await chart.locator(".col, .heat g rect").last().hover();
    const said = await page.locator(".charttip").textContent();
    if (said !== wanted) throw new Error(`a chart says “${said}”, its table “${wanted}”`);
  }
  await visit.look("analytics-tip");
  await page.mouse.move(0, 0);
  if (await page.locator(".charttip").count()) throw new Error("a chart goes on saying what is not pointed at any more");
}
