// A customer is asked how it was: by a link in a mail, without signing in.

/** The links of the first mail in the demo's mailboxes that asks. */
async function questions(visit, desk) {
  const ask = async path => (await visit.context.request.get(desk.mailbox + path)).text();
  const links = (html, start) => [...html.matchAll(/href="([^"]+)"/g)].map(it => it[1].replaceAll("&amp;", "&").replaceAll("&#x2f;", "/")).filter(it => it.startsWith(start));
  for (const mailbox of links(await ask("/"), "/mailbox?of=")) {
    for (const mail of links(await ask(mailbox), "/mail?of=")) {
      const asked = (await ask(mail)).replaceAll("&#x2f;", "/").match(/https?:\/\/[^"\s<]+\/rate\/[a-z0-9.]+/);
      if (asked) return new URL(asked[0]).pathname;
    }
  }
  throw new Error("no mail of the demo asks how it was");
}

export async function answers(visit, desk) {
  const { page } = visit;
  const path = await questions(visit, desk);
  await visit.step("opens the link of a mail, which sends nothing", async () => {
    await visit.goTo(`${path}?r=okay`);
    if (!(await page.getByLabel("Okay", { exact: true }).isChecked())) throw new Error("the answer of the link is not ticked");
    await visit.look("rate");
    await visit.goTo(path);
    if (await page.getByText("Thank you").count()) throw new Error("opening a link was taken for an answer");
  });
  await visit.step("says how it was", async () => {
    await page.getByText("Not good", { exact: true }).click();
    await page.getByLabel("Anything we should know?").fill("Nobody told me that the parcel had left.");
    await visit.press(await page.getByRole("button", { name: "Send", exact: true }).count() ? "Send" : "Change my answer");
    await visit.sees(page.getByRole("heading", { name: "Thank you" }));
    await visit.look("rate-thanks");
  });
  await visit.step("changes their mind", async () => {
    await page.getByText("Good", { exact: true }).click();
    await visit.press("Change my answer");
    await visit.sees(page.getByText("We have your answer"));
    if (!(await page.getByLabel("Good", { exact: true }).isChecked())) throw new Error("the new answer was not kept");
  });
  await visit.step("mistypes the link", async () => {
    await visit.expecting(404, () => visit.goTo("/rate/1.2.3.4"));
  });
}
