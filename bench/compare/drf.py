"""Devices on Django and Django REST Framework, as its tutorial does it: `gunicorn drf:application`.

`COMPARE_DATA` names the folder of the database and a JSON file of devices that fills it at the first start.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings

FOLDER = Path(os.environ["COMPARE_DATA"])
TOKEN = "compare"
PARTS = ("settings", "status", "subscription", "taggedGroups", "tags", "permissions")

PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(FOLDER / "drf.db"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            },
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import AnonymousUser  # noqa: E402 - after setup, as below
from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django has to be configured first
from django.db import connection, models, transaction  # noqa: E402 - Django has to be configured first
from django.http import HttpResponse  # noqa: E402 - Django has to be configured first
from django.urls import include, path  # noqa: E402 - Django has to be configured first
from django.utils import timezone  # noqa: E402 - Django has to be configured first
from rest_framework import pagination, response, routers, serializers, viewsets  # noqa: E402 - Django has to be configured first
from rest_framework.authentication import BaseAuthentication  # noqa: E402 - Django has to be configured first
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402 - Django has to be configured first


class Token(models.Model):
    hash = models.CharField(max_length=64, primary_key=True)
    login = models.CharField(max_length=100)

    class Meta:
        app_label = "compare"


class Audit(models.Model):
    login = models.CharField(max_length=100)
    device_id = models.IntegerField()
    changes = models.JSONField()

    class Meta:
        app_label = "compare"


class Device(models.Model):
    serial = models.CharField(max_length=64, unique=True)
    model = models.CharField(max_length=64, db_index=True)
    family = models.CharField(max_length=64)
    name = models.CharField(max_length=255, db_index=True)
    registrationDate = models.CharField(max_length=40)
    lastModifiedDate = models.CharField(max_length=40)
    settings = models.JSONField()
    status = models.JSONField(null=True)
    subscription = models.JSONField(null=True)
    taggedGroups = models.JSONField()
    tags = models.JSONField()
    permissions = models.JSONField()

    class Meta:
        app_label = "compare"


class Caller(AnonymousUser):
    is_authenticated = True

    def __init__(self, login: str) -> None:
        super().__init__()
        self.login = login


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Any) -> tuple[Caller, None]:
        _, _, given = request.headers.get("Authorization", "").partition(" ")
        token = Token.objects.filter(hash=hashlib.sha256(given.encode()).hexdigest()).first()
        if token is None:
            raise AuthenticationFailed("The token is unknown.")
        return Caller(token.login), None


class DeviceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Device
        fields = ("id", "serial", "model", "family", "registrationDate", "lastModifiedDate", *PARTS)


class Paging(pagination.LimitOffsetPagination):
    default_limit = max_limit = 100

    def get_paginated_response(self, data: Any) -> response.Response:
        totals = {"totalItemCount": Device.objects.count(), "matchingItemCount": self.count}
        return response.Response({"items": data, **totals})


class DeviceViews(viewsets.ModelViewSet):
    authentication_classes = (TokenAuthentication,)
    serializer_class = DeviceSerializer
    pagination_class = Paging
    lookup_field = "serial"

    def get_queryset(self) -> Any:
        devices = Device.objects.all()
        if excluded := self.request.query_params.get("model_ne"):
            devices = devices.exclude(model=excluded)
        return devices.order_by(self.request.query_params.get("sort", "id"), "id")

    @transaction.atomic
    def partial_update(self, request: Any, *args: Any, **kwargs: Any) -> response.Response:
        device = self.get_object()
        device.settings["description"] = request.data["description"]
        device.lastModifiedDate = timezone.now().isoformat()
        device.save(update_fields=["settings", "lastModifiedDate"])
        Audit.objects.create(login=request.user.login, device_id=device.id, changes=request.data)
        return response.Response(status=204)


def fill() -> None:
    if "compare_device" in connection.introspection.table_names():
        return
    with connection.schema_editor() as editor:
        for model in (Token, Audit, Device):
            editor.create_model(model)
    Token.objects.create(hash=hashlib.sha256(TOKEN.encode()).hexdigest(), login="admin@example.com")
    devices = json.loads((FOLDER / "devices.json").read_text(encoding="utf-8"))
    names = ("name", *DeviceSerializer.Meta.fields)
    Device.objects.bulk_create([Device(**{name: one[name] for name in names}) for one in devices], batch_size=500)


fill()
router = routers.SimpleRouter(trailing_slash=False)
router.register("devices", DeviceViews, basename="device")
urlpatterns = [path("ready", lambda _request: HttpResponse()), path("", include(router.urls))]
application = get_wsgi_application()
