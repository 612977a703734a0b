//! Codes and links with which another service lets in whoever reads our mail.

use std::sync::LazyLock;

use regex::Regex;

use crate::desk::message::IncomingMessage;

/// So many characters of a mail are looked at.
const LOOKED_AT: usize = 4000;

/// So many octets may stand between what is called a code and the code.
const NEAR: usize = 200;

/// What codes are called, by language: never `code` alone, which postcodes, errors and discounts have too.
const NAMES: &[&str] = &[
    r"\b(verification|verify|security|confirmation|one[- ]time|single[- ]use|sign[- ]?in|log[- ]?in|access|authentication|authori[sz]ation|activation|two[- ](factor|step)|2[- ]step|2fa)\b[^.]{0,60}\b(code|pin|passcode|password|token|otp)\b",
    r"\b(code|pin|passcode)\b[^.]{0,40}\b(verif|sign|log ?in|confirm|expire|valid for)",
    r"\b(otp|passcode)\b",
    r"\b(your|ihr|dein|votre|ton|tu|su|tuo|seu|teu|je|uw|din|twój|váš|tvůj|ваш) (code|código|codice|kod|kode|kód|код)( (is|lautet|ist|est|es|è|é|är|er|to|je))?:? ?\S*\d",
    r"\b(enter|use|type) \S{4,9} (to|as)\b[^.]{0,40}\b(sign|log|verify|confirm|continue|join|code)",
    r"\b(bestätigungs|sicherheits|anmelde|verifizierungs|zugangs|zugriffs|einmal|aktivierungs|authentifizierungs|freischalt|prüf|login-?|verifikations)-?(code|passwort|kennwort|pin)",
    r"\bcode (de |d['’])(vérification|sécurité|confirmation|validation|connexion|accès|authentification|activation)|\bcode (à usage )?unique",
    r"\bcódigo de (verificación|seguridad|confirmación|acceso|activación|inicio|autenticación|un solo uso)",
    r"\bcodice (di (verifica|sicurezza|conferma|accesso|attivazione|autenticazione)|d['’]accesso|monouso|otp|temporaneo)",
    r"\bcódigo de (verificação|segurança|confirmação|acesso|ativação|autenticação|login|utilização única)",
    r"\b(verificatie|beveiligings|bevestigings|inlog|toegangs|activerings|activatie|authenticatie|aanmeld)-?code|\beenmalige code",
    r"\b(verifierings|verifikations|säkerhets|bekräftelse|inloggnings|engångs|aktiverings|autentiserings)-?(kod|lösenord)",
    r"\b(bekræftelses|verifikations|verificerings|sikkerheds|engangs|aktiverings|godkendelses|login|bekreftelses|verifiserings|sikkerhets|påloggings|innloggings)-?(kode|adgangskode|passord)",
    r"\b(vahvistus|turva|kertakäyttö|todennus|kirjautumis|varmennus)-?(koodi|salasana)",
    r"\bkod(u|em)? (weryfikacyjn|potwierdzaj|bezpieczeństwa|logowania|dostępu|jednorazow|aktywacyjn|uwierzytelniaj|do logowania|autoryzacyjn)|\bjednorazowe hasło",
    r"\b(ověřovací|potvrzovací|bezpečnostní|přihlašovací|aktivační|jednorázový|overovací|potvrdzovací|bezpečnostný|prihlasovací|jednorazový) kód|\bkód pro (přihlášení|ověření)",
    r"\b(ellenőrző|megerősítő|biztonsági|belépési|hitelesítő|egyszer használatos) ?kód",
    r"\bcod(ul)? de (verificare|securitate|confirmare|acces|autentificare|activare|unică folosință)",
    r"\b(код|кода|кодом) (подтверждения|проверки|безопасности|доступа|входа|авторизации|активации|для входа|для подтверждения)|\bодноразовый (код|пароль)|\bпроверочный код",
    r"\b(код|кода|кодом) (підтвердження|перевірки|безпеки|доступу|входу|авторизації|активації|для входу|для підтвердження)|\bодноразовий (код|пароль)",
    r"\b(код за (потвърждение|достъп|вход)|verifikacijski kod|sigurnosni kod|potvrditveni kod|kontrolni kod|kod za (potvrdu|prijavu))",
    r"\b(doğrulama|onay|güvenlik|giriş|aktivasyon|tek kullanımlık)( (kod|şifre|parola))|\bkodunuz\b",
    r"\bκωδικ(ός|ό|ού) (επαλήθευσης|ασφαλείας|επιβεβαίωσης|μίας χρήσης|πρόσβασης|ενεργοποίησης|σύνδεσης)",
    r"קוד (ה)?(אימות|אבטחה|כניסה|גישה|הפעלה|אישור|חד)|סיסמה חד",
    r"(رمز|كود) (التحقق|التأكيد|الأمان|الدخول|التفعيل|تسجيل الدخول|المرور لمرة)|کد (تایید|تأیید|ورود)",
    r"(認証|確認|検証|セキュリティ|ログイン|ワンタイム) ?(コード|番号|パスワード|キー)",
    r"(인증|확인|보안|로그인|액세스|일회용) ?(코드|번호|비밀번호)",
    r"(验证|驗證|确认|確認|校验|动态|動態|安全|登录|登入|一次性)(码|碼|代码|代碼|密码|密碼)",
    r"mã (xác minh|xác nhận|xác thực|bảo mật|otp|đăng nhập)|kode (verifikasi|otp|keamanan|konfirmasi|masuk)|รหัส(ยืนยัน|ผ่านครั้งเดียว| ?otp)|सत्यापन कोड",
];

/// What mails say whose link confirms an address, lets somebody in or makes a new password, by language.
const LINK_WORDS: &[&str] = &[
    r"\b(confirm|verify|validate|activate) (your|this|the) (e-?mail|address|account|identity|registration|sign|login)",
    r"\b(sign|log) ?in to (your|the)?|\b(magic|sign-?in|login|log-in) link|\breset (your|the) password|\bpassword reset|\b(invited|invites) you to|\bjoin the (workspace|team|organi[sz]ation)|\baccept (the|this|your) invitation",
    r"\b(e-mail|mail-?adresse|konto|anmeldung|registrierung)\b[^.]{0,40}\b(bestätigen|verifizieren|aktivieren)|\bbestätigen sie (bitte )?ihre|\bbestätige (bitte )?deine|\bpasswort (zurücksetzen|zurückzusetzen)|\banmeldelink",
    r"\b(confirmer|vérifier|valider|confirmez|vérifiez|validez|activez) (votre|ton|l['’])|\bréinitialis\w+ (votre|le) mot de passe|\blien de connexion",
    r"\b(confirma|confirme|verifica|verifique|activa|active|valide) (tu|su) (correo|dirección|cuenta|e-?mail)|\brestablec\w+ (tu|su|la) contraseña",
    r"\b(conferma|verifica|attiva) (il tuo|la tua|l['’])|\breimposta\w* (la|tua) password",
    r"\b(confirme|verifique|ative|confirma) (o )?(seu|sua|teu|o) (e-?mail|endereço|conta)|\bredefin\w+ (a )?(sua )?senha",
    r"\b(bevestig|verifieer|activeer) (je|uw)|\bwachtwoord (opnieuw instellen|herstellen|resetten)",
    r"\b(bekräfta|verifiera|aktivera) (din|ditt)|\b(bekræft|bekreft|verificer|verifiser|aktivér|aktiver) (din|dit|ditt)|\b(återställ|nulstil|tilbakestill)\w* (ditt|din|dit)|\bvahvista (sähköposti|tili)",
    r"\b(potwierdź|zweryfikuj|aktywuj) (swój|swoje|adres|konto)|\b(potvrďte|ověřte|aktivujte|overte) (svůj|svou|svoj|e-mail)|\b(zresetuj|resetuj) hasło|\bobnov\w+ hesl",
    r"подтвердите (ваш|свой|адрес|почту|e-?mail)|підтвердьте (вашу|свою|адрес|електрон)|сброс\w* пароля|скидання пароля|восстановлени\w+ пароля",
    r"(e-?posta|hesab)\S* (adresinizi )?(doğrula|onayla|etkinleştir)|şifrenizi sıfırla|επιβεβαιώστε (το|τη|τον)|επαληθεύστε (το|τη|τον)|επαναφορά κωδικού",
    r"אמת את|אשר את (כתובת|חשבונ)|איפוס סיסמה|(تأكيد|تحقق من|تفعيل) (بريد|عنوان|حساب)|إعادة تعيين كلمة",
    r"メールアドレスの?(を)?(確認|認証)|パスワードの?(を)?(リセット|再設定)|이메일 ?(주소)?(를|을)? ?(인증|확인)|비밀번호 ?(를)? ?재설정|(验证|驗證|确认|確認|激活)(您|你)?的?(邮箱|電子郵件|电子邮件|帐户|账户|帳戶)|重置密码|重設密碼",
];

static NAME: LazyLock<Regex> = LazyLock::new(|| any_of(NAMES));

static LINK_WORD: LazyLock<Regex> = LazyLock::new(|| any_of(LINK_WORDS));

static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\d#.,/-])(?:G-)?(\d{4,8}|\d{3}[ -]\d{3}|\d(?: \d){3,7}|[A-Z0-9]{3,4}-[A-Z0-9]{3,4}|[A-Z0-9]{5,8})(?:[^\w/-]|[^\x00-\x7f]|$)")
        .expect("the pattern is fixed and compiles")
});

fn any_of(patterns: &[&str]) -> Regex {
    Regex::new(&format!("(?i){}", patterns.join("|"))).expect("the patterns are fixed and compile")
}

/// Whether something that looks like a code stands near what codes are called.
#[must_use]
pub fn carries_a_code(message: &IncomingMessage) -> bool {
    says_a_code(&looked_at(message))
}

/// Whether it has a link, and says that the link confirms an address or lets somebody in.
#[must_use]
pub fn carries_a_link(message: &IncomingMessage) -> bool {
    let linked = |it: &str| it.contains("://");
    (linked(&message.text) || message.html.as_deref().is_some_and(linked)) && LINK_WORD.is_match(&looked_at(message))
}

/// Subject and text, white space as single spaces.
fn looked_at(message: &IncomingMessage) -> String {
    let start: String = message.text.chars().take(LOOKED_AT).collect();
    format!("{} ; {start}", message.subject).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says_a_code(text: &str) -> bool {
    let names: Vec<(usize, usize)> = NAME.find_iter(text).map(|it| (it.start(), it.end())).collect();
    let near = |at: usize| names.iter().any(|(start, end)| at + NEAR >= *start && at <= end + NEAR);
    let has_digit = |it: &str| it.contains(|c: char| c.is_numeric()) || it.contains('-');
    !names.is_empty() && CODE.captures_iter(text).filter_map(|it| it.get(1)).any(|it| has_digit(it.as_str()) && near(it.start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_in_the_languages_that_services_speak() {
        for said in [
            "Your verification code is 482913",
            "123 456 is your sign-in code, valid for 10 minutes",
            "Enter 482913 to sign in",
            "482913 is your Facebook confirmation code",
            "G-482913 is your Google verification code.",
            "Your Slack confirmation code is: ABC-DEF",
            "Your one-time passcode: X7K9Q2",
            "Your code: 4 8 2 9 1 3",
            "Ihr Bestätigungscode: 9931",
            "Votre code de vérification est 482913",
            "Tu código de verificación es 482913",
            "Il tuo codice di verifica è 482913",
            "O seu código de verificação é 482913",
            "Je verificatiecode is 482913",
            "Din verifieringskod är 482913",
            "Din bekræftelseskode er 482913",
            "Vahvistuskoodisi on 482913",
            "Twój kod weryfikacyjny to 482913",
            "Váš ověřovací kód je 482913",
            "Ваш код подтверждения: 482913",
            "Ваш код підтвердження: 482913",
            "Doğrulama kodunuz 482913",
            "Ο κωδικός επαλήθευσης είναι 482913",
            "קוד האימות שלך הוא 482913",
            "رمز التحقق الخاص بك هو 482913",
            "認証コードは482913です",
            "인증 코드는 482913입니다",
            "您的验证码是482913",
        ] {
            assert!(says_a_code(said), "{said}");
        }
    }

    #[test]
    fn numbers_of_orders_and_codes_of_other_kinds_are_none() {
        for said in [
            "My order 482913 has not arrived",
            "The error code 80070005 is shown when I print",
            "My postcode is 10115, the customer number 482913",
            "The discount code SAVE2026 does not work",
            "The access code does not come, what shall I do?",
            "I ordered part 482913",
            "Votre code postal 75001, s’il vous plaît",
            "Tu código postal 10115",
            "Please send the verification code again: /orders/482913 is open",
        ] {
            assert!(!says_a_code(said), "{said}");
        }
        let far = format!("I wait for the verification code. {} My order is 482913.", "It does not come. ".repeat(20));
        assert!(!says_a_code(&far));
    }

    #[test]
    fn words_about_a_link_that_lets_somebody_in_are_known() {
        for said in [
            "Click to confirm your email address and join the workspace",
            "Ann invited you to Acme",
            "Bitte bestätigen Sie Ihre E-Mail-Adresse",
            "Confirmez votre adresse",
            "メールアドレスを確認してください",
        ] {
            assert!(LINK_WORD.is_match(said), "{said}");
        }
        assert!(!LINK_WORD.is_match("The shop shows a blank page after the login"));
    }
}
