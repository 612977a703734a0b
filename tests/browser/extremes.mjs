// Pages at their worst, looked at: right-to-left and CJK, words without end, a thousand notes, two hundred files, nothing at all,
// and what a page says when it cannot be shown.

import { mail, send, somebody } from "./desk.mjs";
import { ABORTED } from "./visit.mjs";

const NOTES = 1000;
const FILES = 200;

export async function extremes(desk, begin) {
  const visit = await begin("extremes");
  await visit.step("signs in", () => visit.signIn(somebody(desk, "admin")));
  await visit.step("reads Arabic and Hebrew", () => reads(visit, desk, {
    subject: "الفاتورة رقم 4711 לא נפתחת", from: "layla@sharq.example",
    text: "مرحبا،\n\nلا أستطيع فتح الفاتورة رقم 4711 (PDF, 1.2 MB) التي أرسلتموها يوم الثلاثاء.\n\nשלום, גם אצלי הקובץ invoice-4711.pdf לא נפתח.\n\nThanks — ليلى",
  }, "right-to-left"));
  await visit.step("reads how a long right-to-left subject begins", () => begins(visit, desk));
  await visit.step("reads a name without end", () => name(visit, desk));
  await visit.step("reads Chinese, Japanese and Korean", () => reads(visit, desk, {
    subject: "注文番号８８２１の配送状況について／关于订单的配送／배송 문의", from: "tanaka@nippon.example",
    text: "お世話になっております。田中です。\n先週注文した品物がまだ届いておりません。配送状況をご確認いただけますでしょうか。\n\n您好，请问订单8821什么时候可以送到？谢谢。\n\n안녕하세요, 주문한 상품이 아직 도착하지 않았습니다.",
  }, "cjk"));
  await visit.step("reads words without end", () => reads(visit, desk, {
    subject: `Re: ${"Donaudampfschifffahrtsgesellschaftskapitän".repeat(6)}`, from: `${"very.long.name.".repeat(4)}indeed@${"sub.".repeat(20)}example.org`,
    text: `${"x".repeat(5000)}\n\nIt is at https://example.org/${"a/very/long/path/".repeat(20)}\n\n${"A sentence among many that goes on. ".repeat(2000)}`,
  }, "long"));
  await visit.step("reads two hundred files", () => files(visit, desk));
  await visit.step("reads a thousand notes", () => notes(visit, desk));
  await visit.step("sees nothing, and is told what would be there", () => nothing(visit));
  await visit.step("is told what is wrong with a page", () => wrong(visit));
}

/** Opens the ticket of what somebody just wrote. */
async function opens(visit, desk, subject) {
  const row = visit.page.locator(".trow .subj", { hasText: subject.replace(/^Re: /, "").slice(0, 40) }).first();
  await visit.until("it is a ticket", async () => {
    await visit.goTo("/tickets?view=unassigned");
    return (await row.count()) > 0;
  });
  await visit.leadingOn(() => row.click());
}

async function reads(visit, desk, { subject, from, text }, name) {
  await mail(desk, from, subject, text);
  await opens(visit, desk, subject);
  await visit.look(name);
  await visit.goTo("/tickets?view=unassigned");
  await visit.look(`${name}-listed`);
}

async function begins(visit, desk) {
  const subject = "الفاتورة رقم 4712 ".repeat(12).trim();
  await mail(desk, "layla@sharq.example", subject, "مرحبا");
  await visit.until("it is a ticket", async () => { await visit.goTo("/tickets?view=unassigned"); return (await visit.page.locator(".trow", { hasText: "4712" }).count()) > 0; });
  const cut = await visit.page.locator(".subj bdi", { hasText: "4712" }).first().evaluate(it => {
    const first = document.createRange();
    first.setStart(it.firstChild, 0);
    first.setEnd(it.firstChild, 1);
    return first.getBoundingClientRect().right > it.getBoundingClientRect().right + 1 || it.scrollWidth <= it.clientWidth;
  });
  if (cut) throw new Error("its first letter is cut off, or nothing is");
}

async function name(visit, desk) {
  const long = "Wolfeschlegelsteinhausenbergerdorff".repeat(4).slice(0, 120);
  await send(desk, "long@names.example", `From: ${long} <long@names.example>\r\nTo: ${desk.support}\r\nSubject: From a long name\r\nMessage-ID: <name.${Date.now()}@names.example>\r\n\r\nHello.`);
  await opens(visit, desk, "From a long name");
  for (const place of [".msg .hd b", ".people li", ".log li"]) {
    const out = await visit.page.locator(place).first().evaluate(it => it.scrollWidth > it.clientWidth + 1 || it.getBoundingClientRect().right > it.parentElement.getBoundingClientRect().right + 1);
    if (out) throw new Error(`the name sticks out of ${place}`);
  }
  await visit.look("name");
}

async function files(visit, desk) {
  const parts = Array.from({ length: FILES }, (_, n) => [
    "--b", "Content-Type: text/plain; charset=utf-8", `Content-Disposition: attachment; filename="measurement-${n} of the north harbour, second sheet.txt"`, "", `${n}`,
  ].join("\r\n"));
  const raw = [
    "From: Otto <otto@files.example>", `To: ${desk.support}`, "Subject: Two hundred files", `Message-ID: <files.${Date.now()}@files.example>`,
    "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', "", "--b", "Content-Type: text/plain", "", "Here is everything.",
    ...parts, "--b--",
  ].join("\r\n");
  await send(desk, "otto@files.example", raw);
  await opens(visit, desk, "Two hundred files");
  await visit.look("files-folded");
  await visit.page.getByText(`${FILES - 12} more files`).click();
  await visit.sees(visit.page.getByText(`measurement-${FILES - 1} of`));
  await visit.look("files");
}

async function notes(visit, desk) {
  await mail(desk, "mira@notes.example", "A thousand notes", "It began with one.");
  await opens(visit, desk, "A thousand notes");
  // By the form that the page has, as fast as the desk takes them; the page, which follows, gives up what it asked for a moment ago.
  await visit.expecting(ABORTED, () => visit.page.evaluate(async many => {
    const form = document.querySelector('[data-half="note"]');
    for (let n = 1; n <= many; n += 1) {
      const body = new FormData(form);
      body.delete("files");
      body.set("body", `Note ${n}: looked at it once more, with **care**.`);
      body.set("send", "note");
      const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
      if (answer.type !== "opaqueredirect" && !answer.ok) throw new Error(`note ${n}: ${answer.status} ${await answer.text()}`);
    }
  }, NOTES));
  // What the page itself asks for at that moment ends with it.
  await visit.expecting(ABORTED, () => visit.page.reload());
  await visit.sees(visit.page.getByText(`Note ${NOTES}:`));
  const all = await visit.page.locator(".msg").count();
  console.log(`extremes: a ticket with ${NOTES} notes shows ${all} messages, ${Math.round((await visit.page.content()).length / 1024)} KB`);
  await visit.look("notes");
}

async function nothing(visit) {
  for (const [name, path] of [
    ["nothing-snoozed", "/tickets?view=snoozed"], ["nothing-found", "/search?q=zzznothingzzz"], ["nothing-filtered", "/tickets?view=open&priority=urgent&q="],
  ]) {
    await visit.goTo(path);
    await visit.look(name);
  }
}

async function wrong(visit) {
  for (const [name, path, status] of [["no-ticket", "/tickets/99999", 404], ["no-page", "/nowhere", 404], ["no-number", "/tickets/abc", 404]]) {
    await visit.expecting(status, async () => {
      const answer = await visit.page.goto(path);
      if (answer.status() !== status) console.log(`extremes: ${path} answers ${answer.status()}`);
      await visit.look(name);
    });
  }
}
