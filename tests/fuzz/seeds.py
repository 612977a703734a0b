#!/usr/bin/env python3
"""Seeds for the fuzz targets, cut from the mails of tests/corpus: tests/fuzz/seeds.py FOLDER."""
import email, email.policy, hashlib, pathlib, sys

root = pathlib.Path(__file__).resolve().parents[1] / "corpus"
out = pathlib.Path(sys.argv[1])

def keep(target, octets):
    if 0 < len(octets) <= 16384:
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(octets).hexdigest()).write_bytes(octets)

HEADERS = {"addresses": ["From", "To", "Cc", "Reply-To", "Message-ID", "References"], "dates": ["Date"],
           "header_words": ["Subject", "From", "Content-Type", "Content-Disposition"]}

for path in sorted(root.rglob("*.eml")):
    raw = path.read_bytes()
    keep("mime", raw)
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        for target, names in HEADERS.items():
            for name in names:
                for value in part.get_all(name) or []:
                    keep(target, str(value).encode("utf-8", "surrogateescape"))
        if part.is_multipart():
            if part.get_content_type() == "message/delivery-status":
                keep("delivery_report", b"\n\n".join(it.as_bytes() for it in part.get_payload()))
            continue
        try:
            octets = part.get_payload(decode=True) or b""
        except Exception:
            continue
        kind = part.get_content_type()
        if kind == "text/html":
            keep("sanitiser", octets)
        elif kind == "text/plain":
            keep("reply_text", octets)
            if "bounce" in str(path) or "sisimai" in path.name:
                keep("delivery_report", octets)
        elif kind == "application/ms-tnef" or (part.get_filename() or "").lower() == "winmail.dat":
            keep("tnef", octets[6:])
