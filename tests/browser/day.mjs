// A day of work by keys alone: twenty new tickets are triaged, answered, noted, handed over, merged and resolved; one is found again,
// and one press is taken back. Nothing is touched with a mouse.

import { mail, somebody } from "./desk.mjs";

const MANY = 20;

export async function day(desk, begin) {
  const visit = await begin("day");
  const work = new Work(visit);
  await visit.step("twenty customers write", () => arrive(desk));
  await visit.step("signs in", () => signsIn(visit, somebody(desk, "admin")));
  await visit.step("finds them in Unassigned", () => work.waits());
  for (let at = 0; at < MANY; at += 1) await visit.step(`works on ticket ${at + 1}`, () => work.triage(at));
  await visit.step("has nothing left of them", () => work.isDone());
  await visit.step("finds one again by its words", () => work.searches());
  await visit.step("merges it into another, and takes that back", () => work.merges());
}

async function arrive(desk) {
  for (let at = 0; at < MANY; at += 1) {
    await mail(desk, `guest${at}@day${at}.example`, `Morning request ${at}`, `The quokka of gate ${at} does not open.`);
  }
}

async function signsIn(visit, person) {
  await visit.goTo("/login");
  await new Work(visit).reach("#email");
  await visit.page.keyboard.type(person.email);
  await visit.page.keyboard.press("Tab");
  await visit.page.keyboard.type(person.password);
  await visit.leadingOn(() => visit.page.keyboard.press("Enter"));
}

class Work {
  constructor(visit) {
    Object.assign(this, { visit, page: visit.page, keys: visit.page.keyboard });
  }

  async press(...keys) {
    for (const key of keys) await this.keys.press(key);
  }

  /** The last of these keys leads to another page. */
  async go(...keys) {
    await this.press(...keys.slice(0, -1));
    await this.visit.leadingOn(() => this.press(keys.at(-1)));
  }

  ours() {
    return this.page.locator(".trow", { hasText: "Morning request" });
  }

  async waits() {
    await this.visit.until("all of them are tickets", async () => {
      await this.go("g", "u");
      return (await this.ours().count()) === MANY;
    });
  }

  /** The first of them that is left, done in one of five ways. */
  async triage(at) {
    await this.go("g", "u");
    await this.toFirst();
    await this.go("Enter");
    const subject = await this.page.locator("h1").first().textContent();
    if (!subject.includes("Morning request")) throw new Error(`it is ${subject} that was opened`);
    await [this.answers, this.notes, this.handsOver, this.resolves, this.answersAndResolves][at % 5].call(this);
  }

  /** `j` until the focus is on one of ours. */
  async toFirst() {
    for (let n = 0; n < 60; n += 1) {
      await this.press("j");
      const here = await this.page.evaluate(() => document.activeElement.closest(".trow")?.textContent ?? "");
      if (here.includes("Morning request")) return;
    }
    throw new Error("none of them is reached by j");
  }

  /** Takes the ticket, and says something on it. */
  async writes(half, words, send, told) {
    await this.go("i");
    await this.press(half);
    await this.keys.type(words);
    await this.go(send);
    await this.visit.told(told);
  }

  async answers() {
    await this.writes("r", "We are on our way with the key.", "Control+Enter", "The reply is on its way.");
  }

  async notes() {
    await this.writes("n", "The key hangs in the shed.", "Control+Enter", "The note is added; no customer sees it.");
    await this.setBy("p", "High", "priority High");
  }

  async handsOver() {
    await this.press("a");
    const other = await this.page.evaluate(() => [...document.activeElement.options].map(it => it.text).find(it => it !== "Nobody" && !it.includes("(me)")));
    await this.keys.type(other.slice(0, 6));
    await this.go("Enter");
    await this.visit.told(`Saved: helper ${other}.`);
  }

  async resolves() {
    await this.go("e");
    await this.visit.told("status Resolved");
    // Not this one: back, and then indeed.
    await this.go("Shift+Z");
    await this.visit.told("Taken back: 1 ticket.");
    await this.go("i");
    await this.go("e");
  }

  async answersAndResolves() {
    await this.writes("r", "It is open now.", "Control+Shift+Enter", "The reply is on its way.");
    await this.visit.sees(this.page.locator(".meta", { hasText: "Resolved" }));
  }

  async setBy(key, words, told) {
    await this.press(key);
    await this.keys.type(words);
    await this.go("Enter");
    await this.visit.told(told);
  }

  async isDone() {
    await this.go("g", "u");
    if ((await this.ours().count()) !== 0) throw new Error("some of them are unassigned still");
    await this.go("g", "m");
    await this.visit.sees(this.ours());
  }

  async searches() {
    await this.press("/");
    await this.keys.type("quokka gate");
    await this.go("Enter");
    await this.visit.sees(this.page.locator("mark", { hasText: "quokka" }));
    await this.visit.look("found");
  }

  async merges() {
    await this.go("g", "m");
    const numbers = await this.ours().evaluateAll(all => all.map(it => it.id.slice(1)));
    await this.toFirst();
    await this.go("Enter");
    await this.go("m");
    if (!(await this.page.evaluate(() => document.activeElement.matches("[name=number]")))) throw new Error("the number of the other ticket does not have the focus");
    await this.keys.type(numbers.at(-1));
    await this.go("Enter");
    await this.visit.told("is merged into this ticket");
    await this.visit.look("merged");
    await this.go("Shift+Z");
    await this.visit.told("Taken back");
  }

  /** Tab until the focus is there. */
  async reach(selector) {
    for (let n = 0; n < 60; n += 1) {
      if (await this.page.evaluate(it => document.activeElement.matches(it), selector)) return;
      await this.press("Tab");
    }
    throw new Error(`Tab does not lead to ${selector}`);
  }
}
