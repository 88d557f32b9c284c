"""Django: the migrations of its own applications forwards and back, the ORM's queries, inspectdb and flush."""
import sys
from io import StringIO
from urllib.parse import urlparse

import django
from django.conf import settings

url = urlparse(sys.argv[1])
settings.configure(
    DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': url.hostname, 'PORT': url.port,
                           'USER': url.username, 'NAME': url.path[1:]}},
    INSTALLED_APPS=['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions', 'django.contrib.postgres',
                    'django.contrib.sites', 'django.contrib.redirects', 'django.contrib.flatpages'],
    USE_TZ=True, SITE_ID=1, DEFAULT_AUTO_FIELD='django.db.models.BigAutoField', SECRET_KEY='x',
    PASSWORD_HASHERS=['django.contrib.auth.hashers.MD5PasswordHasher'])
django.setup()

from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.postgres.aggregates import ArrayAgg  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import IntegrityError, connection, transaction  # noqa: E402
from django.db.models import Avg, Count, Exists, Max, OuterRef, StdDev, Value  # noqa: E402
from django.db.models.functions import Concat, Length, TruncDate, Upper  # noqa: E402

call_command('migrate', verbosity=1, no_color=True)
for i in range(10):
    User.objects.create_user(f'u{i}', f'u{i}@x.org', 'pw')
group, _ = Group.objects.get_or_create(name='g')
group.permissions.set(Permission.objects.order_by('pk')[:5])
for user in User.objects.order_by('pk')[:4]:
    user.groups.add(group)
with_group = User.objects.filter(groups__name='g').annotate(n=Count('groups__permissions'))
print(with_group.values_list('username', 'n').order_by('username'))
print(User.objects.annotate(day=TruncDate('date_joined'), size=Length('email'), up=Upper('username')).values('size', 'up')
      .order_by('-up')[:2])
print(User.objects.filter(Exists(Group.objects.filter(user=OuterRef('pk')))).count())
print(User.objects.filter(username__iregex=r'^U[1-3]$', email__icontains='X.ORG').count())
print(Permission.objects.values('content_type__app_label').annotate(c=Count('id')).order_by('content_type__app_label'))
print(User.objects.bulk_create([User(username=f'b{i}') for i in range(3)], ignore_conflicts=True))
User.objects.filter(username__startswith='b').update(first_name=Concat('username', Value('!')))
with transaction.atomic():
    print(User.objects.select_for_update(skip_locked=True).filter(pk__lt=3).count())
    try:
        with transaction.atomic():
            User.objects.create(username='u1')
    except IntegrityError as error:
        print(str(error).split('\n')[0])
print(list(User.objects.order_by('pk').values_list('pk', flat=True).iterator(chunk_size=3))[:3])
print(User.objects.aggregate(Max('id'), Avg('id'), StdDev('id')))
print(Group.objects.annotate(a=ArrayAgg('user__username', ordering='user__username')).values('a'))
models = StringIO()
call_command('inspectdb', stdout=models)
print(models.getvalue())
call_command('flush', interactive=False, verbosity=0)
print(User.objects.count())
for app in ['sites', 'redirects', 'flatpages']:
    call_command('migrate', app, 'zero', verbosity=0)
print(sorted(connection.introspection.table_names()))
