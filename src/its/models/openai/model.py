"""The `Model` for any server that speaks the OpenAI API."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

from its.errors import CallError, CutShort, KeyRejected, PermanentCallError
from its.models.capability_cache import Place, keep, recall
from its.models.openai.asking import Asker, unrecorded, unusable
from its.models.openai.body import raw_prompt, request_body
from its.models.openai.faults import Faults
from its.models.openai.json_text import encode
from its.models.openai.probe import probe
from its.models.openai.reply import ReplyReader
from its.models.openai.settings import OpenAISettings
from its.models.openai.terms import REASONING_TERMS, learned
from its.models.openai.tokens import estimate, prompt_bound, raw_bound
from its.models.openai.transport import Transport
from its.models.protocol import Capabilities, ProbeRecorder, Received, Reply, Request
from its.usage import Usage

PROMPT_CUT = (
    "the endpoint reports far fewer prompt tokens than were sent: it cuts long prompts without a "
    "word; give its model a longer context (num_ctx at Ollama) or shorten the problems"
)


class OpenAIModel:
    """Sends each call once and reads its reply; retries, limits and money are the caller's.

    `capabilities` are those of the settings until `probe` finds its own, and learn from what the
    endpoint refuses. A key that comes back in a completion is taken out of it.
    """

    def __init__(self, settings: OpenAISettings) -> None:
        self.name = settings.name
        self.parameters = settings.parameters
        self.capabilities = settings.capabilities
        self._faults = Faults(settings)
        self._secrets = settings.secrets()
        self._settings = settings
        self._transport = Transport(settings, self._faults)
        first = REASONING_TERMS if settings.reasoning_terms else Capabilities()
        self._terms = settings.capabilities or first

    async def listed_names(self) -> list[str]:
        """The models that the endpoint lists. Raises EndpointError."""
        try:
            listed = await self._transport.list_models()
        except CallError as error:
            raise unusable(error, [], self._settings, self._faults.address) from None
        return [str(entry["id"]) for entry in listed if "id" in entry]

    async def probe(self) -> tuple[Capabilities, Usage]:
        return await self.probe_by(unrecorded)

    async def probe_by(self, record: ProbeRecorder) -> tuple[Capabilities, Usage]:
        """Ask the endpoint what it does, by a few calls of a few tokens; nothing is asked where
        an earlier run found it out, and the endpoint still lists the same.

        Raises EndpointError where it is not reached, refuses the key or knows no such model.
        """
        address = self._faults.address
        try:
            listed = await self._transport.list_models()
        except KeyRejected as error:
            if error.status == 401 and not self._settings.api_key:
                raise unusable(error, [], self._settings, address) from None
            listed = []  # the list may be forbidden and the calls allowed
        except CallError as error:
            raise unusable(error, [], self._settings, address) from None
        settings = self._settings
        place = Place(address, settings.name, settings.api, listed, settings.extra_body)
        if known := recall(place):
            self.know(known)
            return known, Usage()
        asker = Asker(self._ask, lambda: self._terms, record)
        found, usage = await probe(asker, listed, settings, address)
        terms = self._terms
        self.capabilities = replace(
            found,
            limit_name=terms.limit_name,
            least_tokens=terms.least_tokens,
            temperature=terms.temperature,
            least_temperature=terms.least_temperature,
            refuses=terms.refuses,
            only_streams=terms.only_streams,
            streams=found.streams or terms.only_streams,
        )
        self._terms = self.capabilities
        keep(place, self.capabilities)
        return self.capabilities, usage

    def know(self, capabilities: Capabilities) -> None:
        self.capabilities = self._terms = capabilities

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        """Ask for `n` completions; fewer come back where the endpoint ignores `n`.

        Raises CallError. A refusal of a parameter that can be left out or written otherwise is no
        answer: the call is sent again on the endpoint's terms, and so is every later one.
        """
        known = self.capabilities
        stream = self._settings.stream == "auto" and (known is None or known.streams)
        received.watched = True
        reply, reader = await self._ask(request, n, known, stream=stream, received=received)
        if reader.prompt_cut:
            self._note(PROMPT_CUT)
        return reply

    def _note(self, note: str) -> None:
        """Add to what is known of the endpoint, once."""
        known = self.capabilities
        if known is not None and note not in known.notes:
            self.know(replace(known, notes=(*known.notes, note)))

    async def _ask(
        self,
        request: Request,
        n: int,
        capabilities: Capabilities | None,
        *,
        stream: bool,
        received: Received,
        probing: bool = False,
    ) -> tuple[Reply, ReplyReader]:
        """One call on the terms of `capabilities` (None: nothing is known, try everything)."""
        while True:
            terms = self._terms
            streamed = terms.only_streams or (stream and terms.streams)
            body = request_body(
                request, n, self._settings, capabilities, stream=streamed, terms=terms
            )
            reader = ReplyReader(
                request,
                capabilities or Capabilities(finishes=False),
                self._faults,
                self.parameters,
                n,
                received.watches,
            )
            started = monotonic()
            try:
                try:
                    await self._transport.post(encode(body), reader, received, stream=streamed)
                except CutShort:
                    received.stopped = True
                reply = reader.reply(monotonic() - started)
            except BaseException as error:
                reader.report(received)
                better = learned(self._terms, error, body, probing=probing)
                if better is not None:
                    self._terms = better
                    self.capabilities = better if self.capabilities is not None else None
                elif self._terms == terms or not isinstance(error, PermanentCallError):
                    raise  # where another call has learned meanwhile, this one tries again
                received.sent = False  # what was refused has cost nothing
            else:
                return self._without_secrets(reply), reader

    def _without_secrets(self, reply: Reply) -> Reply:
        """The reply with every secret that came back in it redacted (and without the
        log-probabilities, whose tokens would spell it)."""
        hide = self._secrets.in_data
        completions = []
        for completion in reply.completions:
            text, reasoning = hide(completion.text), hide(completion.reasoning)
            if text is completion.text and reasoning is completion.reasoning:
                completions.append(completion)
            else:
                completions.append(
                    replace(completion, text=text, logprobs=None, reasoning=reasoning)
                )
        return Reply(tuple(completions), reply.usage)

    def prompt_bound(self, request: Request) -> int:
        settings = self._settings
        if settings.api == "completions":
            return raw_bound(raw_prompt(request.messages, request.continues, settings.template))
        return prompt_bound(request)

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    async def close(self) -> None:
        await self._transport.close()
