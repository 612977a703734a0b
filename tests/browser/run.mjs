// People at the panel of a demo, in a real Chromium: a helper, an admin, a customer, and the first and the last again without script;
// and mail that means them harm.
//
//   tests/run browser
//
// CHROMIUM and MAILDESK_TEST_BINARY name the programs; playwright-core and axe-core are in .tools (tests/run installs them).
// Fails on what a person cannot do, and on whatever visit.mjs finds on the way. Pictures of every page: target/browser/.
// A story that went wrong beside another is told once more, alone and at a new desk: what a busy machine does to a browser is printed, and no failure.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { admin } from "./admin.mjs";
import { customer } from "./customer.mjs";
import { day } from "./day.mjs";
import { startDesk } from "./desk.mjs";
import { extremes } from "./extremes.mjs";
import { helper } from "./helper.mjs";
import { hostile } from "./hostile.mjs";
import { signingIn } from "./signing_in.mjs";
import { queue } from "./queue.mjs";
import { writing } from "./writing.mjs";
import { settings } from "./settings.mjs";
import { withoutScript } from "./without_script.mjs";
import { Visit, chromium } from "./visit.mjs";

const PICTURES = fileURLToPath(new URL("../../target/browser/", import.meta.url));
const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const STORIES = { helper, queue, day, writing, admin, settings, customer, "signing-in": signingIn, extremes, "without-script": withoutScript, hostile };
/** Each is told at a desk of its own, in this order, while the other is: they take about as long. */
const LANES = [["helper", "day", "admin", "settings", "customer", "signing-in"], ["queue", "writing", "extremes", "without-script", "hostile"]];

const asked = process.argv.slice(2);
const unknown = [...asked, ...Object.keys(STORIES)].filter(name => !STORIES[name] || !LANES.flat().includes(name));
if (unknown.length) throw new Error(`no lane has a story ${unknown.join(", ")}; there are ${Object.keys(STORIES).join(", ")}`);

async function main() {
  const { CHROMIUM, MAILDESK_TEST_BINARY } = process.env;
  if (!CHROMIUM || !MAILDESK_TEST_BINARY) throw new Error("CHROMIUM and MAILDESK_TEST_BINARY must name the programs; tests/run browser does that");
  rmSync(PICTURES, { recursive: true, force: true });
  const home = mkdtempSync(join(tmpdir(), "maildesk-browser-"));
  process.once("exit", () => rmSync(home, { recursive: true, force: true }));
  const lanes = LANES.map(lane => lane.filter(name => !asked.length || asked.includes(name))).filter(lane => lane.length);
  const first = (await Promise.all(lanes.map((stories, at) => live(stories, CHROMIUM, MAILDESK_TEST_BINARY, join(home, String(at)))))).flat();
  const wrong = [];
  for (const { name, faults } of first) {
    console.log(`\n${name} went wrong, and is told once more:\n\n${faults.join("\n\n")}\n`);
    const [again] = await live([name], CHROMIUM, MAILDESK_TEST_BINARY, join(home, `again-${name}`));
    if (again) wrong.push(...again.faults);
  }
  return wrong;
}

/** The stories of a lane, and of each that went wrong its faults, each in a few lines. */
async function live(stories, program, binary, home) {
  const desk = await startDesk(binary);
  let browser;
  try {
    mkdirSync(home);
    const root = process.getuid?.() === 0;
    browser = await chromium.launch({ executablePath: program, headless: true, chromiumSandbox: !root, args: FLAGS, env: { ...process.env, HOME: home } });
    const wrong = [];
    for (const name of stories) {
      const faults = await tell(name, browser, desk);
      const said = desk.words.filter(line => line.includes("ERROR"));
      if (faults.length && said.length) faults.push(`the log of the desk of ${stories.join(", ")}:\n${said.slice(-20).join("\n")}`);
      if (faults.length) wrong.push({ name, faults });
    }
    return wrong;
  } finally {
    await browser?.close();
    await desk.stop();
  }
}

async function tell(name, browser, desk) {
  const wrong = [];
  const started = Date.now();
  const visits = [];
  const begin = async (who, how) => {
    const visit = await Visit.begin(browser, desk, who, { pictures: PICTURES, ...how });
    visits.push(visit);
    return visit;
  };
  await STORIES[name](desk, begin).catch(error => wrong.push(error.message));
  for (const visit of visits) {
    wrong.push(...visit.faultsTold());
    await visit.context.close();
  }
  console.log(`${name}: ${visits.reduce((sum, it) => sum + it.pages, 0)} pages looked at, ${Math.round((Date.now() - started) / 1000)} s`);
  return wrong;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));
setTimeout(() => { console.error("the people at the panel are not done after 25 minutes"); process.exit(1); }, 1_500_000).unref();
const wrong = await main();
if (wrong.length) {
  console.error(`\n${wrong.length} faults; pictures are in ${PICTURES}\n\n${wrong.join("\n\n")}`);
  process.exit(1);
}
