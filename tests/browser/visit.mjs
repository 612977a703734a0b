// One person at one browser. Every page they come to is watched: whatever a browser complains of is a fault, and so is what
// `look` finds on a page as it looks in both themes, on a desk and on a phone.

import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const tools = createRequire(new URL("./.tools/", import.meta.url));
const AXE = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");
export const { chromium } = tools("playwright-core");

/** What a browser calls a page that turned out to be a download: see `expecting`. */
export const ABORTED = "ERR_ABORTED";
/** What it says when the driver listens to a press in a frame without script: see `expecting`. */
export const SCRIPTLESS = "Blocked script execution";
export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
/** The first is looked at with every rule of axe; in the others only what colours can break. */
const THEMES = ["dark", "light"];
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

export class Visit {
  /** `script: "off"` is a browser that runs none. */
  static async begin(browser, desk, who, { pictures, script = "on" }) {
    const context = await browser.newContext({
      baseURL: desk.panel, viewport: DESK, javaScriptEnabled: script === "on", reducedMotion: "reduce", colorScheme: "dark", locale: "en-GB",
    });
    // Only what never happens takes so long; a busy machine takes ten.
    context.setDefaultTimeout(30_000);
    const visit = new Visit(context, await context.newPage(), who, pictures, script);
    await visit.#watch();
    return visit;
  }

  constructor(context, page, who, pictures, script) {
    Object.assign(this, { context, page, who, pictures, script, faults: new Map(), at: "beginning", pages: 0, expected: [] });
    mkdirSync(pictures, { recursive: true });
  }

  /** One thing that a person does. What goes wrong within is told with its name. */
  async step(name, does) {
    this.at = name;
    try {
      await does();
    } catch (error) {
      const picture = join(this.pictures, `failed-${this.who}.png`);
      await this.page.screenshot({ path: picture }).catch(() => {});
      const where = `${this.who}: ${name}, on ${this.page.url()}`;
      throw new Error(`${where}\n${error.message}\n(a picture of it: ${picture})`, { cause: error });
    }
  }

  /** Runs `does`, which asks for something that the server answers with `status` on purpose, or that ends in ABORTED or SCRIPTLESS. */
  async expecting(status, does) {
    this.expected.push(status);
    try {
      await does();
    } finally {
      this.expected.splice(this.expected.indexOf(status), 1);
    }
  }

  async goTo(path) {
    await this.page.goto(path);
  }

  async signIn(person) {
    await this.goTo("/login");
    await this.page.getByLabel("E-mail").fill(person.email);
    await this.page.getByLabel("Password").fill(person.password);
    await this.press("Sign in");
    await this.page.waitForURL(url => url.pathname !== "/login");
  }

  /** Presses the visible button of this name, and waits for the page that it leads to. */
  async press(name, within = this.page) {
    const button = within.getByRole("button", { name, exact: true }).filter({ visible: true }).first();
    await this.leadingOn(() => button.click());
  }

  async follow(name, within = this.page) {
    const link = within.getByRole("link", { name, exact: true }).filter({ visible: true }).first();
    await this.leadingOn(() => link.click());
  }

  /** Does what leads to another page, and waits for that one. */
  async leadingOn(does) {
    const next = this.page.waitForEvent("domcontentloaded");
    await Promise.all([next, does()]);
    await this.page.waitForLoadState("load");
  }

  /** What the page says of the last step. */
  async told(words) {
    await this.sees(this.page.locator(".flash").filter({ hasText: words }));
  }

  async sees(locator) {
    await locator.first().waitFor({ state: "visible" });
  }

  /** Asks again until it is so: what another part of the desk does meanwhile needs no page of ours. */
  async until(what, isSo, seconds = 30) {
    const end = Date.now() + seconds * 1000;
    while (!(await isSo())) {
      if (Date.now() > end) throw new Error(`after ${seconds} s still not so: ${what}`);
      await new Promise(done => setTimeout(done, 250));
    }
  }

  /** The page as it is, in both themes and both widths: pictures, axe, doubled ids, what sticks out, what a thumb cannot reach. */
  async look(name) {
    this.pages += 1;
    await this.page.evaluate(() => scrollTo(0, 0));
    for (const size of [DESK, PHONE]) {
      await this.page.setViewportSize(size);
      for (const theme of THEMES) {
        await this.#wear(theme);
        await this.#touch(size === PHONE);
        await this.page.screenshot({ path: join(this.pictures, `${this.who}-${name}-${size.width}-${theme}.png`), fullPage: true });
        if (this.script === "on") await this.#axe(name, `${size.width} px, ${theme}`, theme === THEMES[0] ? null : OF_COLOURS);
      }
      for (const fault of await this.page.evaluate(stickingOutOrDoubled, size.width)) this.fault(`${name}: ${fault}`, `${size.width} px`);
      if (size === PHONE) await this.#reach(name);
    }
    await this.page.setViewportSize(DESK);
    await this.#touch(false);
    await this.page.emulateMedia({ colorScheme: "dark" });
  }

  async #reach(name) {
    await this.#touch(true);
    for (const fault of await this.page.evaluate(outOfReach, PHONE.width)) this.fault(`${name}: ${fault}`, `${PHONE.width} px`);
  }

  /** A finger instead of a mouse: what the style sheet asks by `pointer: coarse`. A picture of the page ends it. */
  async #touch(enabled) {
    await this.devtools.send("Emulation.setTouchEmulationEnabled", { enabled });
  }

  /** The colours of a theme reach the page a frame or two after it is asked for. */
  async #wear(theme) {
    await this.page.emulateMedia({ colorScheme: theme });
    if (this.script === "on") await this.page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  /** `rules`: these alone; null: all. */
  async #axe(name, how, rules) {
    if (!(await this.page.evaluate(() => "axe" in window))) await this.page.evaluate(AXE);
    const violations = await this.page.evaluate(async rules => {
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"], preload: false, ...(rules && { runOnly: rules }) });
      return violations.map(it => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map(node => `${node.html.slice(0, 160)} (${node.failureSummary.split("\n")[1]?.trim()})`).join(" | ")}`);
    }, rules);
    for (const violation of violations) this.fault(`${name}: axe ${violation}`, how);
  }

  /** The same fault in another theme or width is told once. */
  fault(text, how = "") {
    const line = `${this.who}: ${this.at}, on ${this.page.url()}: ${text}`;
    this.faults.set(line, [...(this.faults.get(line) ?? []), how].filter(Boolean));
  }

  faultsTold() {
    return [...this.faults].map(([line, how]) => (how.length ? `${line}\n  (${how.join("; ")})` : line));
  }

  /** Everything that a browser can complain of. */
  async #watch() {
    const { page } = this;
    await page.addInitScript(() => addEventListener("securitypolicyviolation", e => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`)));
    page.on("console", it => { if (it.type() === "error" || it.type() === "warning") this.#complaint(`console ${it.type()}: ${it.text()}`); });
    page.on("pageerror", error => this.fault(`script error: ${error.stack ?? error.message}`));
    page.on("requestfailed", it => this.#complaint(`request failed: ${it.method()} ${it.url()}: ${it.failure()?.errorText}`));
    page.on("response", it => { if (it.status() >= 400 && !this.expected.includes(it.status())) this.fault(`${it.status()} ${it.request().method()} ${it.url()}`); });
    const devtools = (this.devtools = await this.context.newCDPSession(page));
    devtools.on("Log.entryAdded", ({ entry }) => { if (entry.level === "error" || entry.source === "security") this.#complaint(`log: ${entry.text} ${entry.url ?? ""}`); });
    devtools.on("Audits.issueAdded", ({ issue }) => { if (issue.code === "ContentSecurityPolicyIssue") this.fault(`CSP: ${JSON.stringify(issue.details.contentSecurityPolicyIssueDetails)}`); });
    await devtools.send("Log.enable");
    await devtools.send("Audits.enable");
  }

  /** A refusal asked for on purpose is told by the browser too; so is the page that a download leaves where it was. */
  #complaint(text) {
    if (this.expected.some(it => text.includes(`status of ${it}`) || ([ABORTED, SCRIPTLESS].includes(it) && text.includes(it)))) return;
    this.fault(text);
  }
}

/** Runs in the page. */
function stickingOutOrDoubled(width) {
  const faults = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > width) {
    const wide = [...document.querySelectorAll("body *")].filter(it => it.getBoundingClientRect().right > width + 1).slice(0, 3);
    faults.push(`${root.scrollWidth} px wide: ${wide.map(it => it.outerHTML.slice(0, 120)).join(" | ")}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map(it => it.id);
  const doubled = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (doubled.length) faults.push(`ids used twice: ${[...new Set(doubled)].join(", ")}`);
  return faults;
}

/**
 * What a thumb cannot do with a page on a phone; runs in the page. Controls that are cut off, lie under another or take less than
 * 24 px to hit (WCAG 2.2, 2.5.8; a link within a sentence is as high as its line).
 */
function outOfReach(width) {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, label:has(input)";
  const LEAST = 24;
  const modal = document.querySelector("dialog:modal");
  // The link past the navigation is shown to the keyboard alone.
  const hidden = it => !it.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || it.closest(".vh, .skip, [inert]") || it.disabled || (modal && !modal.contains(it));
  const inSentence = it => getComputedStyle(it).display === "inline" && [...it.parentElement.childNodes].some(node => node !== it && node.textContent.trim());
  const name = it => it.outerHTML.replace(/\s+/g, " ").slice(0, 140);
  /** Whether a press there is one on it: a label is, and so is what the style sheet lays around it. */
  const hits = (it, x, y) => {
    const top = document.elementFromPoint(x, y);
    return top && (it.contains(top) || [...(it.labels ?? [])].some(label => label.contains(top)) || (it.tagName === "LABEL" && it.control === top));
  };
  /** How far its ancestors let it through; null: they can be scrolled to the rest. */
  const shown = it => {
    let { left, right } = it.getBoundingClientRect();
    for (let box = it.parentElement; box && box !== document.documentElement; box = box.parentElement) {
      const { overflowX, position } = getComputedStyle(box);
      const edges = box.getBoundingClientRect();
      if (["auto", "scroll"].includes(overflowX) && box.scrollWidth > box.clientWidth) return null;
      if (overflowX !== "visible") [left, right] = [Math.max(left, edges.left), Math.min(right, edges.right)];
      if (position === "fixed") break;
    }
    return { left: Math.max(left, 0), right: Math.min(right, width) };
  };
  const fault = it => {
    it.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = it.getBoundingClientRect();
    if (hidden(it) || !box.width || !box.height) return null;
    const part = shown(it);
    // Words may end in an ellipsis; what is pressed may not end at an edge.
    if (part && part.right - part.left < box.width - 1 && !it.closest(".cut")) return "is cut off";
    if (["BUTTON", "SUMMARY"].includes(it.tagName) && it.scrollWidth > it.clientWidth + 1) return "has more words than room";
    // A link may run over several lines: it is pressed on one of them.
    const line = it.getClientRects()[0];
    const [x, y] = [line.left + line.width / 2, line.top + line.height / 2];
    if (!hits(it, x, y)) return `lies under ${name(document.elementFromPoint(x, y) ?? document.body)}`;
    if (inSentence(it) || it.closest("label:has(input)") !== (it.tagName === "LABEL" ? it : null)) return null; // what holds it is looked at
    const reach = LEAST / 2 - 0.5;
    const ends = [line.height < LEAST && [[x, y - reach], [x, y + reach]], line.width < LEAST && [[x - reach, y], [x + reach, y]]];
    return ends.filter(Boolean).flat().every(([x, y]) => hits(it, x, y)) ? null : `is ${Math.round(line.width)} × ${Math.round(line.height)} px`;
  };
  const faults = [];
  for (const it of document.querySelectorAll(CONTROLS)) {
    const found = !hidden(it) && fault(it);
    if (found) faults.push(`${name(it)} ${found}`);
  }
  scrollTo(0, 0);
  return faults.length > 5 ? [...faults.slice(0, 4), `and ${faults.length - 4} more of the kind`] : faults;
}
