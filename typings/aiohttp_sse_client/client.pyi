# aiohttp-sse-client 0.2.1 has no type hints: only what our subclass touches is declared here.
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientResponse, ClientSession
from yarl import URL

CONTENT_TYPE_EVENT_STREAM: str

class MessageEvent:
    type: str | None
    message: str
    data: str
    origin: str | None
    last_event_id: str
    def __init__(
        self,
        type: str | None,  # noqa: A002 - the library's own name
        message: str,
        data: str,
        origin: str | None,
        last_event_id: str,
    ) -> None: ...

class EventSource:
    _session: ClientSession
    _url: URL
    _method: str
    _kwargs: dict[str, Any]
    _response: ClientResponse | None
    _origin: str | None
    _event_id: str
    _event_type: str
    _event_data: str
    _last_event_id: str
    def __init__(
        self,
        url: str,
        option: Mapping[str, Any] | None = None,
        reconnection_time: timedelta = ...,
        max_connect_retry: int = ...,
        session: ClientSession | None = None,
        on_open: Callable[[], object] | None = None,
        on_message: Callable[[MessageEvent], object] | None = None,
        on_error: Callable[[], object] | None = None,
        **kwargs: Any,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> MessageEvent: ...
    async def connect(self, retry: int = 0) -> None: ...
    async def close(self) -> None: ...
    async def _connected(self) -> None: ...
    async def _fail_connect(self) -> None: ...
    def _dispatch_event(self) -> MessageEvent | None: ...
