"""The words that lead to an answer, or say that there is none, in each language.

This table is data: a speaker adds a language, or a phrase, and nothing else changes. Words are
written in lower case, with plain apostrophes, and apart from each other by one space.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """How a language speaks of an answer.

    `marks` name it and need a colon or one of the `verbs` behind them ("answer", "is"); `leads`
    stand directly before it ("therefore the choice is"). `blanks` are all of a text that gives no
    answer; `refusals` are phrases that make a short sentence one that gives none.
    """

    marks: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()


LANGUAGES: dict[str, Language] = {
    "English": Language(
        marks=("answer", "answers", "correct option", "right option", "best option",
               "correct choice",
               "right choice", "best choice", "correct solution", "right solution",
               "best solution"),
        verbs=("is", "are", "would be", "should be", "must be"),
        blanks=("none", "null", "nil", "n/a", "na", "nan", "unknown", "undetermined", "idk",
                "unsure", "not sure", "tbd", "unanswerable", "answer", "the answer",
                "your answer", "your answer here", "final answer", "your final answer",
                "answer here", "insert answer", "insert answer here", "your response",
                "placeholder", "value", "result", "number", "letter", "your choice"),
        refusals=("don't know", "do not know", "not sure", "no answer", "no definitive answer",
                  "no final answer", "not known", "is unknown", "are unknown",
                  "cannot be determined", "can't be determined", "can not be determined",
                  "could not be determined", "couldn't be determined", "not be determined",
                  "cannot be known", "cannot be answered", "can't be answered",
                  "cannot be calculated", "cannot be found", "cannot be solved",
                  "impossible to determine", "impossible to say", "impossible to tell",
                  "impossible to know", "impossible to answer", "not possible to determine",
                  "not possible to answer", "unable to", "not able to determine",
                  "not able to answer", "cannot determine", "can't determine",
                  "could not determine",
                  "couldn't determine", "cannot answer", "can't answer", "cannot solve",
                  "can't solve", "cannot find", "can't find", "could not find", "couldn't find",
                  "cannot say", "can't say", "cannot tell", "can't tell", "cannot provide",
                  "can't provide", "cannot help", "can't help", "cannot assist", "can't assist",
                  "cannot give", "can't give", "cannot calculate", "can't calculate",
                  "cannot compute",
                  "can't compute", "cannot conclude", "cannot complete", "can't complete",
                  "cannot fulfill", "can't fulfill", "have no idea", "insufficient information",
                  "insufficient data", "not enough information", "not enough data",
                  "not enough context", "information is insufficient",
                  "information is not sufficient", "not sufficient information",
                  "lack of information", "more information is needed", "need more information",
                  "not provided", "i give up", "undetermined", "cannot comply", "can't comply"),
    ),
    "Chinese": Language(
        marks=("答案", "最终答案", "正确答案", "答", "答案选项", "正确选项", "最終答案",
               "正確答案"),
        verbs=("是", "为", "為", "应为", "應為", "应该是", "應該是"),
        leads=("选", "故选", "因此选", "所以选", "应选", "选择", "故答案选", "答案选", "故選",
               "應選"),
        blanks=("无", "未知", "不知道", "你的答案", "答案", "無"),
        refusals=("无法确定", "不能确定", "无法回答", "无法判断", "无法得出", "无法计算",
                  "我不知道",
                  "不知道答案", "信息不足", "条件不足", "没有足够的信息", "不确定", "無法確定",
                  "無法回答", "資訊不足", "抱歉"),
    ),
    "Japanese": Language(
        marks=("答え", "解答", "回答", "最終的な答え", "正解"),
        verbs=("は", "が"),
        blanks=("不明", "なし", "わからない"),
        refusals=("わかりません", "分かりません", "わからない", "判断できません", "決定できません",
                  "求められません", "情報が不足", "お答えできません", "答えられません"),
    ),
    "Korean": Language(
        marks=("답", "정답", "최종 답", "답변"),
        verbs=("은", "는"),
        blanks=("없음", "모름"),
        refusals=("모르겠습니다", "알 수 없", "결정할 수 없", "답할 수 없", "정보가 부족"),
    ),
    "French": Language(
        marks=("réponse", "la réponse", "réponse finale", "bonne réponse", "reponse"),
        verbs=("est", "sera"),
        blanks=("aucun", "aucune", "inconnu", "inconnue", "votre réponse", "réponse"),
        refusals=("ne sais pas", "sais pas", "ne peux pas", "ne peut pas être déterminé",
                  "impossible à déterminer", "impossible de déterminer", "impossible de répondre",
                  "informations insuffisantes", "information insuffisante",
                  "pas assez d'informations",
                  "aucune réponse", "ne puis", "indéterminé"),
    ),
    "German": Language(
        marks=("antwort", "endgültige antwort", "richtige antwort"),
        verbs=("ist", "lautet", "beträgt"),
        blanks=("keine", "unbekannt", "ihre antwort", "deine antwort", "antwort"),
        refusals=("weiß nicht", "weiß es nicht", "weiss nicht", "keine antwort",
                  "nicht bestimmt werden", "nicht bestimmbar", "kann nicht bestimmen",
                  "nicht beantworten", "nicht beantwortet werden", "nicht genug informationen",
                  "nicht genügend informationen", "unzureichende informationen", "nicht bekannt",
                  "kann ich nicht"),
    ),
    "Spanish": Language(
        marks=("respuesta", "respuesta final", "respuesta correcta"),
        verbs=("es", "sería", "será"),
        blanks=("ninguno", "ninguna", "desconocido", "tu respuesta", "respuesta", "nada"),
        refusals=("no sé", "no lo sé", "no se puede determinar", "no puede determinarse",
                  "no puedo determinar", "no puedo responder", "no puedo",
                  "imposible de determinar",
                  "imposible determinar", "información insuficiente",
                  "no hay suficiente información",
                  "sin respuesta", "no hay respuesta"),
    ),
    "Portuguese": Language(
        marks=("resposta", "resposta final", "resposta correta"),
        verbs=("é", "seria", "será"),
        blanks=("nenhum", "nenhuma", "desconhecido", "sua resposta", "resposta"),
        refusals=("não sei", "não é possível determinar", "não pode ser determinad",
                  "não posso", "impossível determinar", "informação insuficiente",
                  "informações insuficientes", "sem resposta"),
    ),
    "Italian": Language(
        marks=("risposta", "risposta finale", "risposta corretta"),
        verbs=("è", "sarebbe"),
        blanks=("nessuno", "nessuna", "sconosciuto", "la tua risposta", "risposta"),
        refusals=("non lo so", "non so", "non può essere determinat", "non è possibile determinare",
                  "non posso", "impossibile determinare", "informazioni insufficienti"),
    ),
    "Dutch": Language(
        marks=("antwoord", "het antwoord", "eindantwoord"),
        verbs=("is", "luidt"),
        blanks=("geen", "onbekend"),
        refusals=("weet het niet", "weet ik niet", "kan niet worden bepaald",
                  "niet genoeg informatie", "onvoldoende informatie", "geen antwoord"),
    ),
    "Polish": Language(
        marks=("odpowiedź", "odpowiedz"),
        verbs=("to", "brzmi", "wynosi"),
        blanks=("brak", "nieznane"),
        refusals=("nie wiem", "nie można określić", "nie można ustalić", "brak odpowiedzi",
                  "za mało informacji"),
    ),
    "Russian": Language(
        marks=("ответ", "окончательный ответ", "правильный ответ", "итоговый ответ"),
        verbs=("равен", "будет", "это", "—"),
        blanks=("нет", "неизвестно", "ваш ответ"),
        refusals=("не знаю", "невозможно определить", "нельзя определить", "не могу",
                  "недостаточно информации", "недостаточно данных", "нет ответа"),
    ),
    "Turkish": Language(
        marks=("cevap", "yanıt", "doğru cevap"),
        verbs=("şudur",),
        blanks=("yok", "bilinmiyor"),
        refusals=("bilmiyorum", "belirlenemez", "yeterli bilgi yok", "cevap veremem"),
    ),
    "Vietnamese": Language(
        marks=("đáp án", "câu trả lời", "đáp số"),
        verbs=("là",),
        blanks=("không có", "không rõ"),
        refusals=("không biết", "không thể xác định", "không đủ thông tin"),
    ),
    "Indonesian": Language(
        marks=("jawaban", "jawabannya", "jawaban akhir"),
        verbs=("adalah", "ialah"),
        blanks=("tidak ada", "tidak diketahui"),
        refusals=("tidak tahu", "tidak dapat ditentukan", "informasi tidak cukup"),
    ),
    "Arabic": Language(
        marks=("الجواب", "الإجابة", "الإجابة النهائية"),
        verbs=("هو", "هي"),
        blanks=("لا شيء", "غير معروف"),
        refusals=("لا أعرف", "لا أعلم", "لا يمكن تحديد", "معلومات غير كافية", "لا أستطيع"),
    ),
    "Hindi": Language(
        marks=("उत्तर", "अंतिम उत्तर", "जवाब", "सही उत्तर"),
        verbs=("है",),
        blanks=("अज्ञात", "कोई नहीं"),
        refusals=("नहीं जानता", "पता नहीं", "नहीं पता",
                  "निर्धारित नहीं किया जा सकता", "पर्याप्त जानकारी नहीं"),
    ),
    "Bengali": Language(marks=("উত্তর", "চূড়ান্ত উত্তর"), verbs=("হল", "হলো"),
                  refusals=("জানি না",)),
    "Thai": Language(marks=("คำตอบ",), verbs=("คือ",), refusals=("ไม่ทราบ", "ไม่สามารถระบุ")),
    "Swahili": Language(marks=("jibu",), verbs=("ni",), refusals=("sijui",)),
    "Ukrainian": Language(marks=("відповідь",), verbs=("це",), refusals=("не знаю",)),
    "Swedish": Language(marks=("svar", "svaret"), verbs=("är",), refusals=("vet inte",)),
    "Danish and Norwegian": Language(
        marks=("svar", "svaret"), verbs=("er",), refusals=("ved ikke", "vet ikke")
    ),
    "Greek": Language(marks=("απάντηση",), verbs=("είναι",), refusals=("δεν ξέρω",)),
    "Hebrew": Language(marks=("תשובה", "התשובה"), verbs=("היא",), refusals=("לא יודע",)),
    "Persian": Language(marks=("پاسخ", "جواب"), verbs=("است",), refusals=("نمی‌دانم",)),
    "Czech": Language(marks=("odpověď",), verbs=("je",), refusals=("nevím",)),
    "Romanian": Language(marks=("răspuns", "răspunsul"), verbs=("este",), refusals=("nu știu",)),
}  # fmt: skip


def every(field: str) -> tuple[str, ...]:
    """The phrases of one field in all languages, longest first."""
    phrases = {phrase for language in LANGUAGES.values() for phrase in getattr(language, field)}
    return tuple(sorted(phrases, key=lambda phrase: (-len(phrase), phrase)))
