"""Cut texts into the words that say something: punctuation, stop words of several languages, plurals."""

# ruff: noqa: RUF001 - Russian is written in Cyrillic letters

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENGLISH = _listed("""
a about above after again against all along also am among an and another any are around as at away back be because been before
behind being below beside between both but by can could did do does doing down during each every few for from front further get
gets had has have having he her here hers him his how i if in inside into is it its itself just large like little many me more
most much my near next no nor not now of off on one onto or other our out outside over own same several she side small so some
standing such than that the their them then there these they this those three through to together too top towards two under until
up upon us very was we were what when where which while who whom why will with without would you your
photo photos photograph picture pictures image images showing shown shows view
""")
"""Words that say nothing in a caption."""
OTHERS: dict[str, frozenset[str]] = {
    "German": _listed("""
aber alle allem allen aller alles als also am an andere auch auf aus bei bin bis bitte bist da damit dann das dass dein deine dem den denn
der des dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas euch euer für
gegen gibt habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ist ja jede jeder jetzt
kann kannst kein keine keinen können könnte machen man mein meine meinem meinen meiner mich mir mit muss müssen nach nicht nichts noch nun
nur ob oder ohne schon sehr sein seine seinem seinen seiner seit sich sie sind so soll sollte sondern über um und uns unser unsere unter
viel vom von vor war waren warum was weil welche wenn wer werde werden wie wieder will wir wird wo worden wurde wurden würde zu zum zur
zwischen
"""),
    "French": _listed("""
alors au aucun aussi autre aux avec avez avoir car ce cela ces cet cette comme comment dans de des deux donc dont du elle elles en encore
est et était étaient être eu fait faire fois font il ils je la le les leur leurs lui là ma mais me même mes moi mon ne ni nos notre nous
on ont ou où par pas peu peut plus pour pourquoi puis qu quand que quel quelle qui sa sans se sera ses si son sont sur ta te tes toi ton
tous tout toute toutes très tu un une vos votre vous voir été ça
"""),
    "Spanish": _listed("""
al algo algunos ante antes como con cual cuando de del desde donde dos durante el ella ellas ellos en entre era eran eres es esa ese eso
esta están este esto estos está estoy fue fueron ha había han hasta hay he la las le les lo los me mi mis mucho muy más ni no nos nosotros
nuestra nuestro o otra otro para pero poco por porque puede puedo que quien qué se sea ser si sido sin sobre son su sus sí también tanto te
tengo tiene tienen toda todo todos tu tus un una uno unos usted y ya yo él
"""),
    "Italian": _listed("""
ad al alla alle anche avere aveva che chi ci come con cosa cui da dai dal dalla de degli dei del della delle dello di dopo dove due e ed era
essere fa fatto fino fra gli ha hai hanno ho i il in io la le lei lo loro lui ma me mi mia mio molto ne nei nel nella no noi non nostro o
ogni per perché però più poi puoi può qual quando quanto quella quello questa queste questi questo qui sarà se sei senza si sia siamo solo
sono sopra sta stato su sua sue sul sulla suo tra tu tutti tutto un una uno vi voi è
"""),
    "Portuguese": _listed("""
ao aos as até com como da das de dela dele depois do dos e ela elas ele eles em entre era essa esse esta este eu está estou foi foram há isso
isto já lhe mais mas me mesmo meu meus minha muito na nas nem no nos nossa nosso não nós o os ou para pela pelo pode por porque posso qual
quando que quem se sem ser será seu seus sua suas são só também te tem tenho ter teu tu tua um uma você vocês à às é
"""),
    "Dutch": _listed("""
aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen geweest haar had heb hebben
heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om
omdat onder ons ook op over reeds te tegen toch toen tot u uit uw van veel voor waar waarom want waren was wat werd wezen wie wil worden
wordt zal ze zelf zich zij zijn zo zonder zou
"""),
    "Russian": _listed("""
а без более бы был была были было быть в вам вас весь во вот все всё вы где да даже для до его ее её если есть ещё же за здесь и из или им
их к как какой ко когда кто ли меня мне может мой моя мы на над надо нас не него нет ни них но ну о об он она они оно от очень по под после
при про с сам себя со та так также такой там те то того тоже только том тут ты у уже чем что чтобы эта эти это этот я
"""),
}
"""Stop words by language; they count only in texts of that language, since "die" and "war" are words elsewhere."""
CHATTER = _listed("""
able already anything asap ask asked asking best better can't cannot come coming didn't doesn't doing don't done else even ever everything
find getting give given go goes going gone good got happen happened happening happens hello help hi i'd i'll i'm i've isn't it's keep keeps
kind know let look looking looks made make makes making may maybe mean means might must need needed needing needs never okay only please
possible put really right saw say says see seem seems should since something soon still sure take taken takes taking tell thank thanks that's
there's thing things think though tried try trying use used uses using want wanted wants was way we're well went what's whats won't won't work
worked working works yet yes
""")
"""Words that say nothing more where people write whole sentences."""
_LETTERS = r"[^\W\d_]"
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"{_LETTERS}+(?:['\u2019-]{_LETTERS}+)*")
CUT = re.compile(r"[,.;:!?()\[\]{}|/\n\u3001\u3002\uff0c\uff01\uff1f]|\s[-\u2013]\s")
_WORD_OR_NUMBER = re.compile(rf"{WORD.pattern}|\d+")
_RUN = re.compile(f"[{_CJK}]{{2,}}")
FOREIGN = 0.15
"""Share of all words that must be stop words of a language for it to be one of the texts: some 0.4 in its own, under 0.06 elsewhere."""


def words_of(text: str, *, numbers: bool = False) -> list[str]:
    """List the words of a text in order, in lower case; runs of Chinese and Japanese letters become their pairs of letters."""
    words: list[str] = []
    for word in (_WORD_OR_NUMBER if numbers else WORD).findall(text.lower().replace("\u2019", "'")):
        if _RUN.search(word):
            words.extend(pair for run in _RUN.findall(word) for pair in (left + right for left, right in pairwise(run)))
        else:
            words.append(word.removesuffix("'s"))
    return words


def stop_words(texts: Sequence[str | None], *, sentences: bool) -> frozenset[str]:
    """Choose the stop words for texts: English ones, those of other languages that are spoken, and chatter where people write sentences."""
    step = max(len(texts) // 2000, 1)
    sample = [word for text in texts[::step][:2000] if text for word in words_of(text[:2000])]
    spoken = [words for words in OTHERS.values() if sum(word in words for word in sample) > FOREIGN * len(sample)]
    return ENGLISH.union(*spoken, CHATTER if sentences else ())


def singular(vocabulary: Iterable[str]) -> dict[str, str]:
    """Map each plural whose singular occurs as well to that singular; only the last word of a term changes."""
    known = set(vocabulary)
    folded = {}
    for term in known:
        for ending, replaced in (("ies", "y"), ("es", ""), ("s", "")):
            stem = term[: -len(ending)] + replaced
            if term.endswith(ending) and not term.endswith("ss") and len(stem) > 2 and stem in known:
                folded[term] = stem
                break
    return folded


@cache
def stem_of(word: str) -> str:
    """Fold the plainest English endings, the same for a query as for a text: boxes, berries and cats; nothing of short words."""
    if word.endswith(("ss", "us", "is")):
        return word
    for ending, replaced in (
        ("ies", "y"),
        ("sses", "ss"),
        ("xes", "x"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("toes", "to"),
        ("noes", "no"),
        ("s", ""),
    ):
        if word.endswith(ending) and len(stem := word[: -len(ending)] + replaced) > 2:
            return stem
    return word


__all__ = ["CHATTER", "CUT", "ENGLISH", "OTHERS", "WORD", "singular", "stem_of", "stop_words", "words_of"]
