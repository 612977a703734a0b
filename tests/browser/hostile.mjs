// A mailbox full of tricks, in a browser. Each message three times: bare, to see that the trick works at all; through the
// sanitiser, on a page without any policy; and as it came, under nothing but the headers that the desk sends with a mail's HTML.
// Then once the way that people see it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { somebody } from "./desk.mjs";
import { HOSTILE } from "./hostile_mail.mjs";
import { SCRIPTLESS } from "./visit.mjs";

/** What a link leads to when somebody follows it. */
const FOLLOWED = "/linked/";

export async function hostile(desk, begin) {
  const canary = await listen();
  const sheets = await listen();
  try {
    const tricks = HOSTILE.map(([name, html], at) => ({ name, html: armed(html, at, canary.port) }));
    const sanitised = inspect(process.env.MAILDESK_TEST_BINARY, tricks.map(it => it.html)).map(it => it.html);
    const mail = await aTicketByMail(desk, begin);

    const bare = await watched(begin, "bare", sheets, canary, tricks.map(it => page(it.html)), {});
    const harmless = tricks.filter((it, at) => !bare.bit(at) && !it.name.startsWith("still "));
    if (harmless.length) throw new Error(`these do nothing even bare, so that nothing is shown by them: ${harmless.map(it => it.name).join(", ")}`);

    const cleaned = await watched(begin, "sanitiser-alone", sheets, canary, sanitised.map(page), {});
    cleaned.mustBeQuiet(tricks);
    if (cleaned.connections) throw new Error("sanitiser-alone: a connection was made without a request");

    const guarded = await watched(begin, "policy-alone", sheets, canary, tricks.map(it => mail.document.replace(mail.body, () => it.html)), mail.headers);
    guarded.mustBeQuiet(tricks);

    await readsIt(mail, canary);
    console.log(`hostile: ${tricks.length} messages; bare, ${tricks.filter((_, at) => bare.bit(at)).length} of them do something`);
  } finally {
    await Promise.all([canary.close(), sheets.close()]);
  }
}

const page = html => `<!doctype html><html><head><meta charset="utf-8"><title>Message</title></head><body>${html}</body></html>`;

/** With an address and script that name the message: \`fetched\` and \`ran\` tell which one did it. */
const armed = (html, at, port) => html
  .replaceAll("RUN", `(console.log(\`PWNED-${at}.\`),new(Image)().src=\`http://127.0.0.1:${port}/${at}/ran\`)`)
  .replaceAll("CANARY", `http://127.0.0.1:${port}/${at}`)
  .replaceAll("HOST", `127.0.0.1:${port}/${at}`);

/** A server that notes every request, and every connection, and answers with what is in \`pages\`. */
function listen() {
  const state = { pages: new Map(), asked: [], connected: 0 };
  const server = createServer((request, response) => {
    state.asked.push(`${request.method} ${request.url}${request.headers.referer ? ` from ${request.headers.referer}` : ""}`);
    const { body, headers } = state.pages.get(request.url) ?? { body: "", headers: {} };
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers }).end(body);
  });
  server.on("connection", () => { state.connected += 1; });
  return new Promise(done => server.listen(0, "127.0.0.1", () => done(Object.assign(state, {
    port: server.address().port,
    close: () => new Promise(closed => { server.close(closed); server.closeAllConnections(); }),
  }))));
}

/** Each document in a frame of its own on one page, looked at and pressed. What was heard of it. */
async function watched(begin, who, sheets, canary, documents, headers) {
  const visit = await begin(`hostile-${who}`);
  const { page, context } = visit;
  const heard = [];
  canary.asked.length = canary.connected = 0;
  sheets.pages.clear();
  documents.forEach((body, at) => sheets.pages.set(`/${at}`, { body, headers }));
  sheets.pages.set("/", { body: page_of_frames(documents.length), headers: {} });
  page.on("console", it => heard.push(it.text()));
  context.on("page", popup => popup.on("console", it => heard.push(it.text())));
  page.on("dialog", dialog => { heard.push("dialog"); return dialog.dismiss(); });
  const home = `http://127.0.0.1:${sheets.port}/`;
  await arrive(page, home);
  await settled(1000, canary, sheets);
  const before = canary.connected;
  for (let at = 0; at < documents.length; at += 1) {
    await press(page, at);
    await settled(100, canary, sheets);
    if (page.url() === home) continue;
    heard.push(`PWNED-${at}. led the whole page to ${page.url()}`);
    await arrive(page, home);
    await settled(1000, canary, sheets);
  }
  await settled(1000, canary, sheets);
  if (page.url() !== home) heard.push(`something led the whole page to ${page.url()}`);
  await context.close(); // what is left open goes on complaining
  visit.faults.clear(); // a policy that refuses something says so
  const asked = [...canary.asked];
  return {
    connections: before,
    bit: at => heard.some(it => it.startsWith(`PWNED-${at}.`)) || asked.some(it => it.includes(` /${at}/`)),
    of: at => [...heard.filter(it => it.startsWith(`PWNED-${at}.`)), ...asked.filter(it => it.includes(` /${at}/`) && !it.includes(FOLLOWED))],
    mustBeQuiet(tricks) {
      const wrong = tricks.map((it, at) => [it.name, this.of(at)]).filter(([, told]) => told.length).map(([name, told]) => `${name}: ${[...new Set(told)].slice(0, 4).join("; ")}`);
      wrong.push(...heard.filter(it => it === "dialog" || it.startsWith("something")));
      wrong.push(...asked.filter(it => it.split(" from ")[0].includes(FOLLOWED) && it.includes(" from ")).map(it => `a followed link tells whence: ${it}`));
      if (wrong.length) throw new Error(`${who}:\n${wrong.join("\n")}`);
      console.log(`hostile, ${who}: ${asked.length} requests (links that were pressed), ${before} connections before anything was pressed`);
    },
  };
}

/** Opens it, though what was pressed last may lead elsewhere in the same instant. */
async function arrive(page, url) {
  for (let left = 5; ; left -= 1) {
    const error = await page.goto(url, { waitUntil: "domcontentloaded" }).then(() => null, it => it);
    if (!error) return;
    if (!left || !error.message.includes("interrupted by another navigation")) throw error;
  }
}

/** Nobody has asked for anything for so many milliseconds, or they never cease to. */
async function settled(quiet, ...servers) {
  const heard = () => servers.reduce((sum, it) => sum + it.asked.length + it.connected, 0);
  for (let last = -1, since = Date.now(), end = since + 15_000; Date.now() < Math.min(since + quiet, end); await new Promise(done => setTimeout(done, 25)))
    if (heard() !== last) [last, since] = [heard(), Date.now()];
}

const page_of_frames = count => `<!doctype html><meta charset="utf-8"><title>frames</title>${Array.from({ length: count }, (_, at) => `<iframe name="f${at}" src="/${at}" width="300" height="120"></iframe>`).join("\n")}`;

/** Everything on it that asks to be pressed, and the middle of it whatever lies there. */
async function press(page, at) {
  const wanted = page.frame({ name: `f${at}` })?.locator("a, area, button, summary, input, [onclick]").filter({ visible: true });
  const within = { force: true, timeout: 3000, noWaitAfter: true };
  for (let nth = 0; nth < 6 && nth < (await wanted?.count().catch(() => 0)); nth += 1) await wanted.nth(nth).click(within).catch(() => {});
  await page.locator(`iframe[name=f${at}]`).click(within).catch(() => {});
}

/** The mail reader's own words on each. */
function inspect(binary, htmls) {
  const folder = mkdtempSync(join(tmpdir(), "maildesk-hostile-"));
  try {
    const files = htmls.map((html, at) => {
      writeFileSync(join(folder, `${at}.eml`), letter(`${at}`, html));
      return join(folder, `${at}.eml`);
    });
    return execFileSync(binary, ["inspect", "--json", ...files], { maxBuffer: 64 << 20 }).toString().trim().split("\n").map(it => JSON.parse(it));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const letter = (id, html) => [
  "From: Mallory <mallory@example.net>", "To: support@example.com", `Subject: Hostile ${id}`, `Message-ID: <${id}.${Date.now()}@example.net>`,
  "MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", ...base64(Buffer.from(html)), "",
].join("\r\n");

const base64 = bytes => bytes.toString("base64").match(/.{1,76}/g);

/** A picture of 2 × 2 dots. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVQI12P8z8Dwn4GBgYGJgQEKAA0ZAQOd9nHGAAAAAElFTkSuQmCC", "base64");

/** A newsletter with a trick or two, as mail programs send them. */
const newsletter = `<html><head><style>@import "http://127.0.0.1:1/x.css"; .a{color:red}</style></head><body bgcolor="#eeeeee">
<div style="display:none;max-height:0;overflow:hidden">A preview that nobody sees</div><script>document.title = "PWNED"</script>
<table width="100%" bgcolor="#eeeeee" cellpadding="0" cellspacing="0"><tr><td align="center"><table width="600" style="background:#ffffff;border:1px solid #dddddd" cellpadding="24"><tr><td>
<h1 style="color:#1a4b8c;font-family:Georgia,serif;font-size:28px;margin:0">Spring prices</h1>
<p style="font-size:16px;line-height:1.5">Dear customer, everything is <b style="color:#b00020">a third cheaper</b>.</p>
<img src="cid:logo@example.net" width="120" height="60" alt="Our logo"> <img src="http://pictures.example/banner.png" width="480" height="90" alt="A banner"> <img src="https://pictures.example/second.png"> <img src="https://track.example/o.gif" width="1" height="1">
<p><a href="https://shop.example/spring" style="background:#1a4b8c;color:#ffffff;padding:12px 20px;border-radius:6px;text-decoration:none;display:inline-block">Look at the prices</a></p>
<p>Or sign in at <a href="https://evil.example/bank">https://www.bank.example</a>.</p></td></tr></table></td></tr></table>
<p>On Monday, the desk wrote:</p><blockquote type="cite">${"<p>What was said before, at some length, and then once more.</p>".repeat(12)}</blockquote></body></html>`;

const letterWithAPicture = id => [
  "From: Nora News <nora@example.net>", "To: SUPPORT", "Subject: Spring prices", `Message-ID: <${id}@example.net>`, `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
  "MIME-Version: 1.0", "Content-Type: multipart/related; boundary=part", "", "--part", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "",
  ...base64(Buffer.from(newsletter)), "--part", "Content-Type: image/png; name=logo.png", "Content-ID: <logo@example.net>", "Content-Transfer-Encoding: base64", "",
  ...base64(PICTURE), "--part--", "",
].join("\r\n");

/** Hands one mail over by SMTP (RFC 5321). */
async function send(desk, raw) {
  const [host, port] = desk.smtp.split(":");
  const socket = connect(Number(port), host);
  socket.setEncoding("utf8");
  const steps = ["EHLO browser.example", "MAIL FROM:<nora@example.net>", `RCPT TO:<${desk.support}>`, "DATA", `${raw}\r\n.`, "QUIT"];
  let heard = "";
  for await (const words of socket) {
    heard += words;
    if (!/^\d{3} .*\r\n$/m.test(heard)) continue;
    if (/^[45]/.test(heard)) throw new Error(`the demo's mail server says ${heard}`);
    heard = "";
    const step = steps.shift();
    if (!step) break;
    socket.write(`${step}\r\n`);
  }
  socket.destroy();
}

/** A mail with HTML, come in at the desk, and how the desk serves it. */
async function aTicketByMail(desk, begin) {
  const visit = await begin("mail-html");
  await visit.signIn(somebody(desk, "helper"));
  await send(desk, letterWithAPicture(`spring.${Date.now()}`).replace("SUPPORT", desk.support));
  const ticket = visit.page.locator(".trow .subj", { hasText: "Spring prices" });
  await visit.until("the newsletter is a ticket", async () => {
    await visit.goTo("/tickets?view=open");
    return (await ticket.count()) > 0;
  });
  await visit.leadingOn(() => ticket.first().click());
  await visit.page.locator(".msg [aria-label='More about this message']").first().click();
  await visit.follow("Show as HTML");
  const path = await visit.page.locator(".mailhtml iframe").getAttribute("src");
  const answer = await visit.page.request.get(path);
  const document = await answer.text();
  const body = document.slice(document.indexOf("<body"), document.lastIndexOf("</body>")).replace(/^<body[^>]*>/, "");
  const { "content-security-policy": policy, "referrer-policy": referrer, "x-content-type-options": sniff, "x-dns-prefetch-control": dns } = answer.headers();
  return { visit, document, body, headers: { "content-security-policy": policy, "referrer-policy": referrer, "x-content-type-options": sniff, "x-dns-prefetch-control": dns } };
}

/** As a helper does: in the page, then with the pictures from elsewhere, in a browser that would show them. */
async function readsIt({ visit }) {
  const { page } = visit;
  const sheet = page.frameLocator(".mailhtml iframe");
  const elsewhere = [];
  await page.route(/^https?:\/\/[^/]*\.example\//, route => {
    elsewhere.push(`${route.request().url()} ${route.request().headers().referer ?? ""}`.trim());
    return route.fulfill({ contentType: "image/png", body: PICTURE });
  });
  await visit.step("reads a newsletter as its sender meant it", async () => {
    await page.reload();
    await visit.sees(sheet.getByText("a third cheaper"));
    await visit.look("newsletter");
    const high = await page.locator(".mailhtml iframe").evaluate(it => it.clientHeight);
    const inside = await sheet.locator("html").evaluate(it => it.scrollHeight);
    if (high < inside || high > inside + 40) throw new Error(`the frame is ${high} px high, what is in it ${inside}`);
    if (!(await sheet.getByAltText("Our logo").evaluate(it => it.naturalWidth))) throw new Error("the picture that came with the mail is not shown");
    if (await sheet.getByText("A preview that nobody sees").isVisible()) throw new Error("the hidden preview is shown");
    await visit.sees(sheet.getByText("(leads to evil.example)"));
    if (elsewhere.length) throw new Error(`asked elsewhere: ${elsewhere}`);
  });
  await visit.step("unfolds the history", async () => {
    const before = await page.locator(".mailhtml iframe").evaluate(it => it.clientHeight);
    const at = await sheet.getByText("Quoted text").boundingBox();
    await visit.expecting(SCRIPTLESS, async () => {
      await page.mouse.click(at.x + at.width / 2, at.y + at.height / 2);
      await visit.until("the history is there", () => sheet.getByText("What was said before").first().isVisible());
    });
    await visit.until("the frame has grown", () => page.locator(".mailhtml iframe").evaluate((it, before) => it.clientHeight > before + 100, before));
  });
  await visit.step("asks for the pictures, this time", async () => {
    await page.getByRole("button", { name: "Show them this time" }).click();
    await visit.until("they are there", () => sheet.getByAltText("A banner").evaluate(it => it.naturalWidth > 0).catch(() => false));
    await visit.look("newsletter-with-pictures");
    const wanted = ["https://pictures.example/banner.png", "https://pictures.example/second.png"];
    if (JSON.stringify([...new Set(elsewhere)].sort()) !== JSON.stringify(wanted)) throw new Error(`asked elsewhere: ${elsewhere}`);
    await page.reload();
    await visit.sees(page.getByRole("button", { name: "Show them this time" }));
  });
}
